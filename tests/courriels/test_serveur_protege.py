"""Un vrai serveur de production : STARTTLS, certificat vérifié, authentification."""

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.test import override_settings

from conum.courriels import actions
from conum.courriels.models import Courriel
from conum.courriels.states import Etat
from conum.courriels.transport import ServeurInjoignable
from tests.courriels.fabriques import Reception, ecrire, serveur_smtp

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def certificat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Clé et certificat signé par lui-même pour 127.0.0.1, dans un seul fichier."""
    cle = ec.generate_private_key(ec.SECP256R1())
    nom = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "essai")])
    maintenant = dt.datetime.now(dt.UTC)
    signe = (
        x509.CertificateBuilder()
        .subject_name(nom)
        .issuer_name(nom)
        .public_key(cle.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(maintenant - dt.timedelta(days=1))
        .not_valid_after(maintenant + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(cle, hashes.SHA256())
    )
    fichier = tmp_path_factory.mktemp("tls") / "serveur.pem"
    privee = cle.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    fichier.write_bytes(privee + signe.public_bytes(serialization.Encoding.PEM))
    return fichier


def _authentifier(_serveur: Any, _session: Any, _enveloppe: Any, _methode: str, donnees: LoginPassword) -> AuthResult:
    return AuthResult(success=(donnees.login, donnees.password) == (b"conum", b"secret"), handled=False)


@pytest.fixture
def serveur(certificat: Path) -> Iterator[Reception]:
    contexte = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    contexte.load_cert_chain(certificat)
    options = {"tls_context": contexte, "require_starttls": True, "auth_required": True, "authenticator": _authentifier}
    reglages = {"EMAIL_USE_TLS": True, "EMAIL_HOST_USER": "conum", "EMAIL_HOST_PASSWORD": "secret"}
    with serveur_smtp(**options) as reception, override_settings(**reglages):
        yield reception


def _envoyer_sans_joindre() -> Courriel:
    courriel = ecrire()
    with pytest.raises(ServeurInjoignable):
        actions.envoyer(courriel.pk)
    courriel.refresh_from_db()
    assert courriel.etat == Etat.A_ENVOYER
    return courriel


def test_on_chiffre_on_s_authentifie_et_le_courriel_part(
    serveur: Reception, certificat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificat))
    courriel = ecrire()
    actions.envoyer(courriel.pk)
    assert [m["Message-ID"] for m in serveur.messages] == [courriel.message_id]


def test_un_certificat_inconnu_arrete_tout_avant_le_mot_de_passe(serveur: Reception) -> None:
    assert "CERTIFICATE_VERIFY_FAILED" in _envoyer_sans_joindre().derniere_erreur
    assert serveur.messages == []


def test_un_mauvais_mot_de_passe_se_lit_et_n_abandonne_rien(
    serveur: Reception, certificat: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificat))
    with override_settings(EMAIL_HOST_PASSWORD="faux"):
        assert "535" in _envoyer_sans_joindre().derniere_erreur


def test_un_serveur_qui_ne_chiffre_pas_est_refuse() -> None:
    with serveur_smtp() as reception, override_settings(EMAIL_USE_TLS=True):
        _envoyer_sans_joindre()
    assert reception.messages == []
