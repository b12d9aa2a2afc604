/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <karez.h>

G_BEGIN_DECLS

#define HUB_TYPE_IDENTITY (hub_identity_get_type ())
G_DECLARE_FINAL_TYPE (HubIdentity, hub_identity, HUB, IDENTITY, GObject)

/* What TLS is allowed to speak in this process, in GnuTLS's words: hubs among each other speak 1.3
 * alone, which they look at themselves; browsers 1.2, too, with modern ciphers. */
#define HUB_IDENTITY_PRIORITY                                                                      \
  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:-AES-128-CBC:-AES-256-CBC"

/**
 * hub_identity_open:
 * @state_dir: the hub's state directory; it must be there
 * @id: (nullable): the hub's UUID, made at the first start when not given; a later start with
 *   another one is refused
 *
 * Who this hub is: an Ed25519 key, a certificate that it signed itself, and the hub's UUID, all in
 * one file, "identity.pem", that is made at the first start. A file that is there is never
 * replaced: one that cannot be read is %KAREZ_ERROR_FAILED with rule "peers/identity". Also limits
 * TLS of this process to versions 1.3 and 1.2, so it must come before the first use of TLS. Blocks
 * on the local file.
 *
 * Returns: (transfer full)
 */
HubIdentity *hub_identity_open (const char *state_dir, const char *id, GError **error);

const char *hub_identity_get_id (HubIdentity *self);
/* With the private key. Returns: (transfer none) */
GTlsCertificate *hub_identity_get_certificate (HubIdentity *self);
/* SHA-256 of the SubjectPublicKeyInfo in lower-case hexadecimal: what peers pin. */
const char *hub_identity_get_key_hash (HubIdentity *self);

/**
 * hub_identity_sign:
 *
 * Signs @text with the identity's key, under a prefix that keeps it apart from what TLS signs.
 *
 * Returns: (transfer full): {"key": the SubjectPublicKeyInfo, DER, "value": 64 bytes, Ed25519 (RFC
 * 8032)}, both in base64url without padding
 */
JsonNode *hub_identity_sign (HubIdentity *self, const char *text, GError **error);

/**
 * hub_identity_verify:
 * @key_hash: the pinned key
 * @signature: as it came
 *
 * Whether the owner of the pinned key signed @text. %KAREZ_ERROR_DENIED with rule "peers/other-key"
 * or "peers/signature" if not, the rule of karez_json_check() for what is no signature.
 */
gboolean hub_identity_verify (const char *key_hash, const char *text, JsonNode *signature,
                              GError **error);

/* The key hash of somebody's certificate; NULL if it cannot be read. Returns: (transfer full) */
char *hub_identity_hash_certificate (GTlsCertificate *certificate);
/* Whether the priority string allows TLS 1.3 and nothing else, asked of GnuTLS itself. */
gboolean hub_identity_check_priority (GError **error);

G_END_DECLS
