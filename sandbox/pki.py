# Copyright: xaheen.runbook contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the sandbox: one private authority per purpose, keys that never leave the state folder."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.layout import write_private

LIFETIME = datetime.timedelta(days=365)
# A rehearsal may run on a machine whose clock was just set back.
BACKDATED = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class KeyPair:
    """The files of one certificate and its private key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority whose certificate and key lie in one folder; made when they are not there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.pair = KeyPair(folder / f"{name}.crt", folder / f"{name}.key")
        if not self.pair.certificate.exists():
            self._create(name)
        self._key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
        self._certificate = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())

    def _create(self, name: str) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"sandbox {name}")])
        builder = _builder(subject, subject, key.public_key()).add_extension(x509.BasicConstraints(True, None), True)
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        certificate = builder.add_extension(usage, True).sign(key, hashes.SHA256())
        write_private(self.pair.key, _pem(key))
        write_private(self.pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))

    def issue(
        self, file: str, common_name: str, *, organization: str = "", names: tuple[str, ...] = (), client: bool = False
    ) -> KeyPair:
        """Issue a certificate unless its files are there already.

        `names` are DNS names or IP addresses of a server; `client` makes it usable for logging in, too.
        """
        pair = KeyPair(self.folder / f"{file}.crt", self.folder / f"{file}.key")
        if pair.certificate.exists():
            return pair
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
        if organization:
            attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH] if names else []
        purposes += [ExtendedKeyUsageOID.CLIENT_AUTH] if client else []
        builder = _builder(x509.Name(attributes), self._certificate.subject, key.public_key())
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
        certificate = builder.sign(self._key, hashes.SHA256())  # type: ignore[arg-type]
        write_private(pair.key, _pem(key))
        write_private(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM))
        return pair


def signing_key(folder: Path, name: str) -> KeyPair:
    """An RSA key for signing tokens, with its public half, made when it is not there."""
    pair = KeyPair(folder / f"{name}.pub", folder / f"{name}.key")
    if not pair.certificate.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        write_private(pair.key, _pem(key))
        write_private(pair.certificate, public)
    return pair


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + LIFETIME)
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
