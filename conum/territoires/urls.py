from django.urls import path

from conum.territoires import views

app_name = "territoires"
urlpatterns = [path("territoires/communes/", views.communes, name="communes")]
