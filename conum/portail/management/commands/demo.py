"""Joue le récit de démonstration ; sans effet s'il l'a déjà été. `--code EMAIL` donne un code de second facteur."""

import time
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone
from stdnum import luhn

from conum.comptes.actions.invitations import libelle_de_role
from conum.comptes.models import Role, TypeRole
from conum.demandes import rules
from conum.demandes.access import porteur
from conum.demandes.actions import avenants, comite, depot, enveloppes, instruction
from conum.demandes.models import Demande, Nature, SensAvis, SessionComite
from conum.demandes.states import DECIDABLES, Etat
from conum.portail.demo import AGENTS, ENVELOPPES, RECITS, Personnage, Recit
from conum.portail.demo_conventions import ANCIENNE
from conum.portail.demo_formations import AGENTE
from conum.portail.demo_recrutement import ASPIRANTS
from conum.portail.management.demo_conventions import conclure
from conum.portail.management.demo_formations import former
from conum.portail.management.demo_recrutement import recruter
from conum.postes.models import TypePoste
from conum.structures.actions import DonneesStructure, Personne
from conum.structures.rules import lire_identifiant
from conum.territoires.models import Commune, Departement, Region
from conum.utilisateurs.models import Utilisateur

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # noqa: S105 - démonstration seulement, refusée en production
PAS_TOTP = 30


def _siret(numero: int) -> str:
    """Un SIRET valide qui n'existe pas : aucun SIREN attribué ne commence par 99."""
    siren = f"99{numero:06d}"
    siren += luhn.calc_check_digit(siren)
    return siren + "0001" + luhn.calc_check_digit(siren + "0001")


def _agent(personnage: Personnage) -> list[Role]:
    compte = Utilisateur.objects.create_user(personnage.email, prenom=personnage.prenom, nom=personnage.nom)
    TOTP.activate(compte, SECRET)
    roles = []
    for type_, code in personnage.roles:
        departement = Departement.objects.get(pk=code) if type_ == TypeRole.PREFECTURE else None
        region = Region.objects.get(pk=code) if type_ == TypeRole.REGION else None
        libelle = libelle_de_role(type_, departement, region)
        roles.append(
            Role.objects.create(utilisateur=compte, type=type_, departement=departement, region=region, libelle=libelle)
        )
    return roles


class Narrateur:
    """Amène chaque demande à l'état voulu, par les actions des personnes qui en ont le droit."""

    def __init__(self) -> None:
        self.aujourdhui = timezone.localdate()
        roles = [role for personnage in AGENTS for role in _agent(personnage)]
        self.anct, self.second = (r for r in roles if r.type == TypeRole.ANCT)
        self.prefectures = {r.departement_id: r for r in reversed(roles) if r.type == TypeRole.PREFECTURE}

    def ouvrir_les_enveloppes(self) -> None:
        for annee in {self.aujourdhui.year, (self.aujourdhui - timedelta(days=40)).year}:
            for code, postes in ENVELOPPES.items():
                departement = Departement.objects.get(pk=code) if code else None
                enveloppes.fixer_enveloppe(annee, departement, postes, par=self.anct, motif="Dotation de l'année.")

    def deposer(self, recit: Recit, numero: int) -> Demande:
        commune = Commune.objects.get(pk=recit.commune)
        prenom, nom = recit.contact
        contact = Personnage(prenom, nom, ())
        demande = depot.ouvrir_brouillon()
        dossier = depot.Depot(
            contact=Personne(email=contact.email, prenom=prenom, nom=nom, fonction="Direction"),
            besoin=depot.Besoin(
                type_poste=TypePoste.CONSEILLER, postes=recit.postes, commune=commune, motivation=recit.motivation,
                debut=self.aujourdhui + timedelta(days=45),
            ),
            engagements=tuple(rules.engagements(TypePoste.CONSEILLER)),
            structure=DonneesStructure(
                identifiant=lire_identifiant(_siret(numero)), denomination=recit.nom, categorie=recit.categorie,
                commune=commune, adresse="1 place de la Mairie", code_postal=commune.codes_postaux[0],
            ),
        )  # fmt: skip
        demande = depot.soumettre(demande, dossier, par=porteur(demande))
        if recit.fin == Etat.A_CONFIRMER:
            return demande
        demande = depot.confirmer(demande, par=porteur(demande))
        # Le récit a un passé : la date du dépôt est celle qu'il raconte.
        Demande.objects.filter(pk=demande.pk).update(deposee_le=timezone.now() - timedelta(days=recit.jours))
        demande.refresh_from_db()
        return demande

    def instruire(self, demande: Demande, recit: Recit) -> None:
        if recit.fin == Etat.ABANDONNEE:
            depot.abandonner(demande, par=self._membre(demande), motif="Notre projet est repoussé d'un an.")
        elif recit.fin == Etat.ANNULEE:
            instruction.annuler(demande, motif="Doublon d'une demande déjà attribuée.", par=self.anct)
        elif recit.fin not in (Etat.A_CONFIRMER, Etat.DEPOSEE):
            sens = SensAvis.FAVORABLE if recit.favorable else SensAvis.DEFAVORABLE
            par = self.prefectures[demande.departement_id]
            instruction.donner_avis(demande, sens=sens, motif=recit.avis, par=par)
        if recit.fin == Etat.EXAMEN_COMPLEMENTAIRE:
            question = "Quelles communes le conseiller visitera-t-il, et combien de jours par semaine ?"
            instruction.demander_complement(demande, question=question, par=self.anct)

    def _membre(self, demande: Demande) -> Role:
        assert demande.structure is not None
        return demande.structure.membres.get(contact_principal=True).role

    def tenir_le_comite(self, demandes: list[tuple[Demande, Recit]]) -> None:
        """Une session tenue il y a vingt jours, une autre en préparation."""
        tenue = comite.creer_session("64", self.aujourdhui - timedelta(days=20), par=self.anct)
        decidees = [(d, r) for d, r in demandes if r.fin in (Etat.ATTRIBUEE, Etat.REFUSEE)]
        comite.inscrire(tenue, [d.pk for d, _ in decidees], par=self.anct)
        for demande, recit in decidees:
            self._decider(demande, recit, tenue)
        comite.clore_session(tenue, par=self.anct)
        prochaine = comite.creer_session("65", self.aujourdhui + timedelta(days=10), par=self.anct)
        pretes = Demande.objects.filter(etat__in=DECIDABLES, departement="51").order_by("pk")
        comite.inscrire(prochaine, [d.pk for d in pretes], par=self.anct)

    def _decider(self, demande: Demande, recit: Recit, session: SessionComite) -> None:
        if recit.fin == Etat.REFUSEE:
            comite.refuser(demande, motifs=["repartition"], par=self.anct, session=session)
        else:
            comite.attribuer(demande, postes=max(1, recit.postes - 1), par=self.anct, session=session)

    def demander_un_ajout(self, demande: Demande) -> None:
        assert demande.structure is not None
        avenants.demander_avenant(
            demande.structure, nature=Nature.AJOUT, nombre=1, type_poste=TypePoste.CONSEILLER, motif_code="demande",
            precisions="Nos deux ateliers hebdomadaires affichent complet.", par=self._membre(demande),
        )  # fmt: skip


@transaction.atomic
def jouer() -> None:
    narrateur = Narrateur()
    narrateur.ouvrir_les_enveloppes()
    demandes = [(narrateur.deposer(recit, numero), recit) for numero, recit in enumerate(RECITS, 1)]
    for demande, recit in demandes:
        narrateur.instruire(demande, recit)
        demande.refresh_from_db()
    narrateur.tenir_le_comite(demandes)
    narrateur.demander_un_ajout(demandes[0][0])
    premiere = demandes[0][0].structure
    assert premiere is not None
    recruter(premiere, anct=narrateur.anct)
    conclure(premiere, _siret(len(RECITS) + 1), anct=narrateur.anct, second=narrateur.second)
    former(anct=narrateur.anct, secret=SECRET)


def _comptes() -> str:
    lignes = ["Comptes de démonstration : saisissez l'adresse, puis lisez le code dans /courriels/.", ""]
    premiere = RECITS[0]
    structure = Personnage(*premiere.contact, ())
    candidate = ASPIRANTS[0]
    ancienne = Personnage(*ANCIENNE.contact, ())
    personnes = [
        (structure.email, f"{premiere.nom}, une convention à signer"),
        (ancienne.email, f"{ANCIENNE.nom}, un versement en préparation"),
        (candidate.email, "Candidate, un poste lui est proposé"),
        (Personnage(*ANCIENNE.conseillere, ()).email, "Conseillère, en formation"),
    ]
    for agent in (*AGENTS, AGENTE):
        # Une base d'un récit plus ancien n'a pas les personnages venus depuis.
        if compte := Utilisateur.objects.filter(email=agent.email).first():
            personnes.append((agent.email, ", ".join(r.libelle for r in compte.roles.order_by("pk"))))
    largeur = max(len(email) for email, _ in personnes)
    lignes += [f"  {email:<{largeur}}  {roles}" for email, roles in personnes]
    lignes += [
        "",
        f"Second facteur des agents : le secret {SECRET} dans une application,",
        "ou : bin/manage demo --code",
    ]
    return "\n".join(lignes)


class Command(BaseCommand):
    help = "Joue le récit de démonstration (comptes de chaque rôle, demandes dans chaque état)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--code", action="store_true", help="le code de second facteur du moment, et rien d'autre")

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EN_PRODUCTION:
            raise CommandError(
                "Le récit de démonstration ne se joue pas en production : son second facteur est public."
            )
        if options["code"]:
            self.stdout.write(format_hotp_value(hotp_value(SECRET, int(time.time()) // PAS_TOTP)))
            return
        if not Commune.objects.exists():
            raise CommandError("Chargez d'abord les communes : bin/manage charger_communes")
        if not Utilisateur.objects.filter(email=AGENTS[0].email).exists():
            jouer()
        self.stdout.write(_comptes())
