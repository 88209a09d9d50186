"""Le comité national de sélection : sessions, ordre du jour, décisions en lot, clôture, documents, import."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from conum.comptes.models import Role, TypeRole
from conum.demandes.access import get_demande_ou_404, get_import_ou_404, get_session_ou_404
from conum.demandes.actions import comite, import_decisions, proces_verbal
from conum.demandes.forms.comite import ClasseurForm, LigneDecisionForm, SessionForm
from conum.demandes.forms.instruction import FiltresAgenda
from conum.demandes.models import Demande, DemandeQuerySet, SessionComite, Soldes
from conum.demandes.rules import postes_attribuables
from conum.demandes.states import DECIDES, OUVERTS, EtatSession
from conum.demandes.views.instruction import CONFLIT
from conum.demandes.views.listes import filtrer, libelle_avis
from conum.journal.workflow import TransitionImpossible
from conum.socle import exports, pdf
from conum.socle.http import ecriture, lecture, lecture_ecriture, role_requis
from conum.socle.listes import PAR_PAGE, Colonne, Liste, Pages
from conum.socle.tableaux import TableauIllisible
from conum.ui.forms import reporter

COMITE = (TypeRole.ANCT,)


def _colonnes(role: Role) -> list[Colonne]:
    return [
        Colonne(
            "numero", "Numéro", lambda s: s.numero, tri="numero",
            lien=lambda s: reverse("demandes:session", args=[role.pk, s.pk]),
        ),
        Colonne("date", "Date", lambda s: s.date, tri="date"),
        Colonne(
            "etat", "État", lambda s: s.get_etat_display(), tri="etat",
            niveau=lambda s: "success" if s.etat == EtatSession.TENUE else "info",
        ),
        Colonne("demandes", "Demandes", lambda s: s.nb_demandes, tri="nb_demandes"),
        Colonne("decidees", "Décidées", lambda s: s.nb_decidees, tri="nb_decidees"),
    ]  # fmt: skip


@role_requis(*COMITE)
@lecture_ecriture
def sessions(request: HttpRequest) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    form = SessionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            session = comite.creer_session(form.cleaned_data["numero"], form.cleaned_data["date"], par=role)
        except ValidationError as erreur:
            reporter(form, erreur, repli="texte")
        else:
            messages.success(request, f"Le {session} est créé. Composez son ordre du jour.")
            return redirect("demandes:session", role.pk, session.pk)
    requete = SessionComite.objects.annotate(
        nb_demandes=Count("demandes"), nb_decidees=Count("demandes", filter=Q(demandes__etat__in=DECIDES))
    )
    liste = Liste(request, requete, _colonnes(role), "-date", "sessions")
    if (fichier := liste.export()) is not None:
        return fichier
    pretes = Demande.objects.inscriptibles().count()
    return render(request, "demandes/comite/sessions.html", {"liste": liste, "form": form, "pretes": pretes})


# --- Ordre du jour et décisions --------------------------------------------------------------------------------------


def _agenda(session: SessionComite) -> DemandeQuerySet:
    demandes = Demande.objects.filter(session=session).avec_avis()
    # Celles à décider d'abord : la page sert à travailler. Puis par territoire, comme au procès-verbal.
    return demandes.select_related("structure", "commune", "departement", "decision").order_by(
        "close_le", "departement", "pk"
    )


def _lignes(
    demandes: list[Demande], soldes: Soldes, formulaires: dict[int, LigneDecisionForm], *, ouverte: bool
) -> list[dict[str, Any]]:
    lignes = []
    for demande in demandes:
        solde = soldes.du_departement(demande.departement_id or "")
        possible = postes_attribuables(demande.postes_demandes or 0, soldes.national.reste, solde.reste)
        form = formulaires.get(demande.pk)
        if form is None and ouverte and demande.etat in OUVERTS:
            valeur = demande.postes_demandes if demande.nature == "rendu" else possible or None
            form = LigneDecisionForm(demande=demande, initial={"postes": valeur})
        lignes.append(
            {
                "demande": demande,
                "avis": libelle_avis(demande).lower(),
                "solde": solde,
                "decision": getattr(demande, "decision", None),
                "form": form,
            }
        )
    return lignes


def _rendre_session(
    request: HttpRequest,
    session: SessionComite,
    formulaires: dict[int, LigneDecisionForm] | None = None,
    *,
    erreur: str = "",
    statut: int = 200,
) -> HttpResponseBase:
    pages = Pages(request, _agenda(session))
    soldes = Soldes.de(session.date.year)
    comptes = Demande.objects.filter(session=session).aggregate(
        total=Count("pk"), a_decider=Count("pk", filter=Q(etat__in=OUVERTS))
    )
    ouverte = session.etat == EtatSession.PREPARATION and not session.historique
    a_venir = session.date > timezone.localdate()
    return render(
        request,
        "demandes/comite/session.html",
        {
            "session": session,
            "lignes": _lignes(list(pages.page), soldes, formulaires or {}, ouverte=ouverte and not a_venir),
            "pages": pages,
            "national": soldes.national,
            "comptes": comptes,
            "ouverte": ouverte,
            "a_venir": a_venir,
            "erreur": erreur,
            "pretes": Demande.objects.inscriptibles().count() if ouverte else 0,
        },
        status=statut,
    )


@role_requis(*COMITE)
@lecture
def session(request: HttpRequest, pk: int) -> HttpResponseBase:
    return _rendre_session(request, get_session_ou_404(request.role, pk))  # type: ignore[attr-defined]


@role_requis(*COMITE)
@ecriture
def lot(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Décide les lignes remplies de la page, toutes ou aucune ; une erreur se lit sur sa ligne, rien n'est perdu."""
    role = request.role  # type: ignore[attr-defined]
    session = get_session_ou_404(role, pk)
    numeros = [int(n) for n in request.POST.getlist("lignes") if n.isdigit()][:PAR_PAGE]
    demandes = Demande.objects.filter(pk__in=numeros, session=session).select_related("structure")
    formulaires = {d.pk: LigneDecisionForm(request.POST, demande=d) for d in demandes.order_by("pk")}
    remplies = {pk_: form for pk_, form in formulaires.items() if not form.est_laissee}
    if not remplies:
        return _rendre_session(request, session, formulaires, erreur="Aucune ligne n'a de décision.")
    # Toutes sont vérifiées, même après une première erreur : chacune montre la sienne.
    valides = [form.is_valid() for form in remplies.values()]
    if not all(valides):
        return _rendre_session(
            request, session, formulaires, erreur="Des lignes sont à revoir : aucune décision n'est enregistrée."
        )
    try:
        resultat = comite.decider_en_lot(
            session,
            [remplies[n].voulue() for n in dict.fromkeys(numeros) if n in remplies],
            par=role,
            tout_ou_rien=True,
        )
    except TransitionImpossible as erreur:
        return _rendre_session(request, session, formulaires, erreur=str(erreur), statut=CONFLIT)
    if resultat.annule:
        for pk_, erreurs in resultat.erreurs.items():
            remplies[pk_].ajouter_erreurs(erreurs)
        return _rendre_session(
            request,
            session,
            formulaires,
            erreur="Des lignes sont refusées : aucune décision n'est enregistrée.",
            statut=CONFLIT,
        )
    nombre = len(resultat.decidees)
    if nombre:
        messages.success(request, f"{nombre} décision{'s' * (nombre > 1)} enregistrée{'s' * (nombre > 1)}.")
    if resultat.deja_faites:
        messages.info(request, "Des lignes étaient déjà décidées ainsi : rien n'est fait deux fois.")
    return redirect("demandes:session", role.pk, session.pk)


@role_requis(*COMITE)
@lecture_ecriture
def inscrire(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Compose l'ordre du jour : les demandes cochées, ou toutes celles du filtre."""
    role = request.role  # type: ignore[attr-defined]
    session = get_session_ou_404(role, pk)
    filtres = FiltresAgenda(request.GET, role=role)
    pretes = filtrer(Demande.objects.inscriptibles().avec_avis(), filtres.valeurs()).order_by("deposee_le", "pk")
    if request.method == "POST":
        if "toutes" in request.POST:
            choisies = list(pretes.values_list("pk", flat=True))
        else:
            choisies = [int(n) for n in request.POST.getlist("demandes") if n.isdigit()]
        if choisies:
            _inscrire(request, session, choisies)
            return redirect("demandes:session", role.pk, session.pk)
        messages.error(request, "Cochez au moins une demande.")
    pages = Pages(request, pretes.select_related("structure", "commune", "departement"))
    soldes = Soldes.de(session.date.year)
    lignes = [
        {"demande": d, "avis": libelle_avis(d), "solde": soldes.du_departement(d.departement_id or "")}
        for d in pages.page
    ]
    return render(
        request,
        "demandes/comite/inscrire.html",
        {"session": session, "filtres": filtres, "lignes": lignes, "pages": pages, "national": soldes.national},
    )


def _inscrire(request: HttpRequest, session: SessionComite, choisies: list[int]) -> None:
    try:
        resultat = comite.inscrire(session, choisies, par=request.role)  # type: ignore[attr-defined]
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
        return
    nombre = len(resultat.inscrites)
    if nombre:
        messages.success(request, f"{nombre} demande{'s' * (nombre > 1)} à l'ordre du jour.")
    for demande, raison in resultat.refusees[:10]:
        messages.warning(request, f"{demande.reference} n'est pas inscrite : {raison}.")


@role_requis(*COMITE)
@ecriture
def retirer(request: HttpRequest, pk: int, demande_pk: int) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    session = get_session_ou_404(role, pk)
    demande = get_demande_ou_404(role, demande_pk)
    try:
        comite.retirer_de_la_session(session, demande, par=role)
    except TransitionImpossible as erreur:
        messages.error(request, str(erreur))
    else:
        messages.success(request, f"{demande.reference} n'est plus à l'ordre du jour.")
    return redirect("demandes:session", role.pk, session.pk)


@role_requis(*COMITE)
@lecture_ecriture
def clore(request: HttpRequest, pk: int) -> HttpResponseBase:
    role = request.role  # type: ignore[attr-defined]
    session = get_session_ou_404(role, pk)
    if request.method == "POST":
        try:
            comite.clore_session(session, par=role)
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
        else:
            messages.success(request, f"Le {session} est clos. Son procès-verbal est figé.")
        return redirect("demandes:session", role.pk, session.pk)
    return render(
        request,
        "demandes/comite/clore.html",
        {"session": session, "totaux": proces_verbal.donnees(session)["totaux"]},
    )


# --- Documents -------------------------------------------------------------------------------------------------------


@role_requis(*COMITE)
@lecture
def pv_pdf(request: HttpRequest, pk: int) -> HttpResponseBase:
    session = get_session_ou_404(request.role, pk)  # type: ignore[attr-defined]
    return pdf.reponse(proces_verbal.en_pdf(session), f"proces-verbal-{session.numero}")


@role_requis(*COMITE)
@lecture
def pv_xlsx(request: HttpRequest, pk: int) -> HttpResponseBase:
    session = get_session_ou_404(request.role, pk)  # type: ignore[attr-defined]
    lignes = proces_verbal.en_lignes(session)
    return exports.reponse("xlsx", f"proces-verbal-{session.numero}", proces_verbal.ENTETES, lignes)


@role_requis(*COMITE)
@lecture
def modele(request: HttpRequest, pk: int) -> HttpResponseBase:
    session = get_session_ou_404(request.role, pk)  # type: ignore[attr-defined]
    entetes = list(import_decisions.COLONNES.values())
    return exports.reponse("xlsx", f"decisions-{session.numero}", entetes, import_decisions.modele(session))


# --- Import ----------------------------------------------------------------------------------------------------------


@role_requis(*COMITE)
@lecture_ecriture
def importer(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Premier temps : lire le fichier. Rien n'est décidé avant la page suivante."""
    role = request.role  # type: ignore[attr-defined]
    session = get_session_ou_404(role, pk)
    form = ClasseurForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        classeur = form.cleaned_data["classeur"]
        try:
            import_ = import_decisions.deposer_import(session, classeur.read(), fichier=classeur.name, par=role)
        except (TableauIllisible, TransitionImpossible) as erreur:
            form.add_error("classeur", str(erreur))
        else:
            return redirect("demandes:import", role.pk, session.pk, import_.pk)
    return render(request, "demandes/comite/importer.html", {"session": session, "form": form})


@role_requis(*COMITE)
@lecture_ecriture
def examiner_import(request: HttpRequest, pk: int, import_pk: int) -> HttpResponseBase:
    """Second temps : le compte rendu ligne à ligne, puis « tout ou rien » ou « les lignes valables »."""
    role = request.role  # type: ignore[attr-defined]
    session = get_session_ou_404(role, pk)
    import_ = get_import_ou_404(role, session, import_pk)
    if request.method == "POST":
        tout_ou_rien = request.POST.get("mode") != "valables"
        try:
            resultat = import_decisions.appliquer_import(import_, par=role, tout_ou_rien=tout_ou_rien)
        except TransitionImpossible as erreur:
            messages.error(request, str(erreur))
        else:
            _annoncer_import(request, resultat)
        return redirect("demandes:import", role.pk, session.pk, import_.pk)
    refusees = [ligne for ligne in import_.lignes if ligne["erreur"]]
    bonnes = import_decisions.a_decider(import_.lignes)
    lignes = refusees if request.GET.get("lignes") == "refusees" else import_.lignes
    return render(
        request,
        "demandes/comite/import.html",
        {
            "session": session,
            "import": import_,
            "pages": Pages(request, lignes, 100),
            "refusees": len(refusees),
            "bonnes": len(bonnes),
            "laissees": len(import_.lignes) - len(refusees) - len(bonnes),
            "total": len(import_.lignes),
            "filtre": request.GET.get("lignes", ""),
        },
    )


def _annoncer_import(request: HttpRequest, resultat: comite.Lot) -> None:
    if resultat.annule:
        messages.error(request, "Des lignes sont refusées depuis la lecture du fichier : rien n'est appliqué.")
        return
    nombre = len(resultat.decidees)
    messages.success(request, f"{nombre} décision{'s' * (nombre > 1)} appliquée{'s' * (nombre > 1)}.")
    if resultat.erreurs:
        messages.warning(
            request, f"{len(resultat.erreurs)} ligne(s) refusée(s) au moment d'appliquer : voir le détail."
        )
