"""The emulator's RSA keys: one signs participants' tokens, the other signs webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from realtimekit.emulator.extras import missing_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from realtimekit.emulator.store import Store


class Key:
    """A private key: generated when it is first used, and kept in the store."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._loaded: RSAPrivateKey | None = None

    def private(self) -> RSAPrivateKey:
        # Imported when it is needed: slow, and not every emulator needs a key.
        try:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric import rsa
        except ImportError as error:
            raise missing_extra(error) from None
        stored: str | None = self._store.meta(self._name)
        if stored is None:  # also where the transaction that generated it was rolled back
            self._loaded = self._loaded or rsa.generate_private_key(public_exponent=65537, key_size=2048)
            encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
            pem = self._loaded.private_bytes(encoding, form, serialization.NoEncryption())
            self._store.set_meta(self._name, pem.decode())
        elif self._loaded is None:
            self._loaded = cast("RSAPrivateKey", serialization.load_pem_private_key(stored.encode(), None))
        return self._loaded

    def public_pem(self) -> str:
        """Return the public key as the platform publishes its own: SubjectPublicKeyInfo in PEM."""
        from cryptography.hazmat.primitives import serialization

        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private().public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def sign(self, content: bytes) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 and SHA-256."""
        private = self.private()
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        return private.sign(content, padding.PKCS1v15(), hashes.SHA256())
