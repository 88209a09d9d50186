from django.urls import URLPattern, path

from conum.recrutement.views import delais, propositions, rappels

app_name = "recrutement"
_ESPACE = "espace/<int:role_id>/"
# Une liste par côté, chacune tenue avec ses vues.
CANDIDATURE: list[URLPattern] = []
CANDIDAT: list[URLPattern] = [
    # Les propositions : dans l'espace, ou par le lien personnel d'une seule.
    path(f"{_ESPACE}propositions/", propositions.propositions, name="propositions"),
    path(f"{_ESPACE}propositions/<int:pk>/", propositions.proposition, name="proposition"),
    path(f"{_ESPACE}propositions/<int:pk>/contact/", propositions.proposition_contact, name="proposition_contact"),
    path(f"{_ESPACE}propositions/<int:pk>/offre/", propositions.proposition_offre, name="proposition_offre"),
    path(f"{_ESPACE}propositions/<int:pk>/decliner/", propositions.proposition_decliner, name="proposition_decliner"),
    path(f"{_ESPACE}propositions/<int:pk>/entretien.ics", propositions.proposition_ical, name="proposition_ical"),
    path("proposition/candidat/<str:jeton>/", propositions.lien_candidat, name="lien_candidat"),
    path("proposition/candidat/<str:jeton>/contact/", propositions.lien_candidat_contact, name="lien_candidat_contact"),
    path("proposition/candidat/<str:jeton>/offre/", propositions.lien_candidat_offre, name="lien_candidat_offre"),
    path(
        "proposition/candidat/<str:jeton>/decliner/", propositions.lien_candidat_decliner, name="lien_candidat_decliner"
    ),
    path("proposition/candidat/<str:jeton>/entretien.ics", propositions.lien_candidat_ical, name="lien_candidat_ical"),
]
STRUCTURE: list[URLPattern] = [
    # Les rappels d'un membre, et les engagements en retard que suivent les agents.
    path("rappels/membre/<str:jeton>/", rappels.sans_rappels, name="sans_rappels"),
    path(f"{_ESPACE}rappels/", rappels.rappels, name="rappels"),
    path(f"{_ESPACE}rappels/arreter/", rappels.arreter_rappels, name="arreter_rappels"),
    path(f"{_ESPACE}rappels/reprendre/", rappels.reprendre_rappels, name="reprendre_rappels"),
    path(f"{_ESPACE}recrutements-en-retard/", delais.retards, name="retards"),
]
APPARIEMENT: list[URLPattern] = [
    path("recrutement/delais/", delais.delais, name="delais"),
]
urlpatterns = [*CANDIDATURE, *CANDIDAT, *STRUCTURE, *APPARIEMENT]
