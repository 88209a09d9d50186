"""Ce que la page d'une inscription dit de la prise de poste, de la dispense, des certifications et des modules."""

from django.http import HttpRequest
from django.template.loader import render_to_string

from conum.comptes.middleware import role_de
from conum.comptes.models import TypeRole
from conum.formations import access
from conum.formations.models import Inscription, InscriptionModule
from conum.formations.states import Etat
from conum.formations.views import certifications, dispenses, modules, prise_de_poste
from conum.postes.access import LECTEURS


def bloc_prise_de_poste(request: HttpRequest, inscription: Inscription) -> str:
    """Permise ou non, chaque empêchement, la règle ; le lien pour l'enregistrer à qui lit le contrat."""
    if inscription.etat == Etat.ABANDONNEE:
        return ""
    role = role_de(request)
    contexte = prise_de_poste.contexte_verdict(inscription.contrat) | {
        "a_soi": role.type == TypeRole.CONSEILLER,
        "lien_prise": prise_de_poste.lien(role, inscription.contrat_id) if role.type in LECTEURS else "",
        "peut_prendre": access.peut_prendre_acte(role, inscription),
    }
    return render_to_string("formations/prise_de_poste/bloc.html", contexte, request=request)


def bloc_dispense(request: HttpRequest, inscription: Inscription) -> str:
    """Les certificats déposés, et le lien pour en déposer un ; rien pour qui n'a pas à les lire."""
    role = role_de(request)
    contexte = dispenses.contexte_dispenses(role, inscription)
    if not contexte["dispenses"] and not contexte["lien_demander"]:
        return ""
    contexte["a_soi"] = role.type == TypeRole.CONSEILLER
    return render_to_string("formations/dispenses/bloc.html", contexte, request=request)


def bloc_certifications(request: HttpRequest, inscription: Inscription) -> str:
    """Les résultats et leur suite ; rien tant que la formation n'a pas de session."""
    role = role_de(request)
    if inscription.etat not in certifications.FORMEES and not inscription.resultats.exists():
        return ""
    contexte = certifications.contexte_certifications(role, inscription)
    return render_to_string("formations/certifications/bloc.html", contexte, request=request)


def bloc_modules(request: HttpRequest, inscription: Inscription) -> str:
    """Les modules de la personne que ce rôle voit ; le catalogue pour elle-même."""
    role = role_de(request)
    siens = InscriptionModule.objects.visibles_par(role).filter(personne=inscription.personne_id)
    lignes = modules.lignes(role, list(siens.select_related("organisme").order_by("-jour", "-pk")))
    a_soi = role.type == TypeRole.CONSEILLER
    if not lignes and not a_soi:
        return ""
    contexte = {"lignes": lignes, "lien_catalogue": modules.lien_des_modules(role) if a_soi else ""}
    return render_to_string("formations/modules/bloc.html", contexte, request=request)


BLOCS = (bloc_prise_de_poste, bloc_dispense, bloc_certifications, bloc_modules)
