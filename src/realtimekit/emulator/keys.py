"""The emulator's RSA keys: one signs participants' tokens, one signs what webhooks are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from realtimekit.emulator.wire import missing_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from realtimekit.emulator.store import Store


class Key:
    """A private key: made on first use, and kept with the rest of the state."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._loaded: RSAPrivateKey | None = None

    def private(self) -> RSAPrivateKey:
        if self._loaded is None:
            # Imported here: slow, and not every emulator needs a key.
            try:
                from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
                from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415
            except ImportError as error:
                raise missing_extra(error) from None
            kept: str | None = self._store.meta(self._name)
            if kept is None:
                self._loaded = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
                pem = self._loaded.private_bytes(encoding, form, serialization.NoEncryption())
                self._store.set_meta(self._name, pem.decode())
            else:
                self._loaded = cast("RSAPrivateKey", serialization.load_pem_private_key(kept.encode(), None))
        return self._loaded

    def public_pem(self) -> str:
        """The public half, as the platform publishes its own: SubjectPublicKeyInfo in PEM."""
        from cryptography.hazmat.primitives import serialization  # noqa: PLC0415 - as above

        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.private().public_key().public_bytes(serialization.Encoding.PEM, form).decode()

    def sign(self, content: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256."""
        private = self.private()
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - as above
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415

        return private.sign(content, padding.PKCS1v15(), hashes.SHA256())
