from django.urls import path

from conum.courriels.views import espace, lecture

app_name = "courriels"
urlpatterns = [
    path("courriels/", lecture.boite, name="boite"),
    path("courriels/<int:pk>/", lecture.boite_courriel, name="boite_courriel"),
    path("courriels/<int:pk>/html/", lecture.boite_html, name="boite_html"),
    path("espace/<int:role_id>/courriels/", espace.liste, name="liste"),
    path("espace/<int:role_id>/courriels/<int:pk>/", espace.detail, name="detail"),
    path("espace/<int:role_id>/courriels/<int:pk>/renvoyer/", espace.renvoyer, name="renvoyer"),
]
