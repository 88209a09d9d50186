from django.urls import URLPattern

app_name = "versements"
urlpatterns: list[URLPattern] = []
