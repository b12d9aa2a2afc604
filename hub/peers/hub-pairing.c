/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One pairing: its state, and the string that both screens show. */
#include "hub-pairing.h"

#include "hub-catalogue.h"
#include "hub-clock.h"
#include "hub-hash.h"

#include <string.h>

#define NONCE_BYTES 32
#define STRING_LABEL "karez pairing v1"
#define COMMITMENT_LABEL "karez pairing commitment v1"

struct _HubPairing
{
  GObject parent_instance;
  HubPairingRole role;
  HubPairingState state;
  char *id, *address;
  char *own_key, *own_nonce;
  char *other_key, *other_nonce, *other_hub;
  JsonNode *other_names;
  char *commitment;
  char *shown, *expected;
  gboolean rekeyed;
  guint wrong;
  gint64 began_at, expires_at;
};

G_DEFINE_FINAL_TYPE (HubPairing, hub_pairing, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

static const struct
{
  HubPairingState from;
  HubPairingEdge edge;
  HubPairingState to;
} edges[] = {
  { HUB_PAIRING_OPENING, HUB_PAIRING_REVEAL, HUB_PAIRING_COMPARING },
  { HUB_PAIRING_OPENING, HUB_PAIRING_EXPIRE, HUB_PAIRING_EXPIRED },
  { HUB_PAIRING_OPENING, HUB_PAIRING_CANCEL, HUB_PAIRING_CANCELLED },
  { HUB_PAIRING_COMPARING, HUB_PAIRING_CONFIRM_HERE, HUB_PAIRING_HERE },
  { HUB_PAIRING_COMPARING, HUB_PAIRING_CONFIRM_THERE, HUB_PAIRING_THERE },
  { HUB_PAIRING_COMPARING, HUB_PAIRING_BURN, HUB_PAIRING_BURNT },
  { HUB_PAIRING_COMPARING, HUB_PAIRING_EXPIRE, HUB_PAIRING_EXPIRED },
  { HUB_PAIRING_COMPARING, HUB_PAIRING_CANCEL, HUB_PAIRING_CANCELLED },
  { HUB_PAIRING_HERE, HUB_PAIRING_CONFIRM_THERE, HUB_PAIRING_BOTH },
  { HUB_PAIRING_HERE, HUB_PAIRING_EXPIRE, HUB_PAIRING_EXPIRED },
  { HUB_PAIRING_HERE, HUB_PAIRING_CANCEL, HUB_PAIRING_CANCELLED },
  { HUB_PAIRING_THERE, HUB_PAIRING_CONFIRM_HERE, HUB_PAIRING_BOTH },
  { HUB_PAIRING_THERE, HUB_PAIRING_BURN, HUB_PAIRING_BURNT },
  { HUB_PAIRING_THERE, HUB_PAIRING_EXPIRE, HUB_PAIRING_EXPIRED },
  { HUB_PAIRING_THERE, HUB_PAIRING_CANCEL, HUB_PAIRING_CANCELLED },
  { HUB_PAIRING_BOTH, HUB_PAIRING_PIN, HUB_PAIRING_PAIRED },
  { HUB_PAIRING_BOTH, HUB_PAIRING_EXPIRE, HUB_PAIRING_EXPIRED },
  { HUB_PAIRING_BOTH, HUB_PAIRING_REFUSE, HUB_PAIRING_CANCELLED },
  { HUB_PAIRING_PAIRED, HUB_PAIRING_REFUSE, HUB_PAIRING_CANCELLED }, /* there it cannot be */
};

static void
hub_pairing_finalize (GObject *object)
{
  HubPairing *self = HUB_PAIRING (object);

  g_free (self->id);
  g_free (self->address);
  g_free (self->own_key);
  g_free (self->own_nonce);
  g_free (self->other_key);
  g_free (self->other_nonce);
  g_free (self->other_hub);
  g_clear_pointer (&self->other_names, json_node_unref);
  g_free (self->commitment);
  g_free (self->shown);
  g_free (self->expected);
  G_OBJECT_CLASS (hub_pairing_parent_class)->finalize (object);
}

static void
hub_pairing_class_init (HubPairingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hub_pairing_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", HUB_TYPE_PAIRING, G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
hub_pairing_init (HubPairing *self)
{
}

HubPairing *
hub_pairing_new (HubPairingRole role, const char *id, const char *own_key, const char *address)
{
  HubPairing *self = g_object_new (HUB_TYPE_PAIRING, NULL);
  guint8 nonce[NONCE_BYTES];

  self->role = role;
  self->id = g_strdup (id);
  self->own_key = g_strdup (own_key);
  self->address = g_strdup (address);
  hub_random (nonce, sizeof nonce);
  self->own_nonce = hub_hex (nonce, sizeof nonce);
  self->began_at = hub_clock_now ();
  self->expires_at = hub_clock_monotonic ()
                     + HUB_PAIRING_MINUTES * G_GINT64_CONSTANT (60) * G_USEC_PER_SEC;
  return self;
}

const char *
hub_pairing_get_id (HubPairing *self)
{
  return self->id;
}

HubPairingRole
hub_pairing_get_role (HubPairing *self)
{
  return self->role;
}

HubPairingState
hub_pairing_get_state (HubPairing *self)
{
  return self->state;
}

gboolean
hub_pairing_is_over (HubPairing *self)
{
  return self->state >= HUB_PAIRING_PAIRED;
}

gboolean
hub_pairing_is_confirmed_here (HubPairing *self)
{
  return self->state == HUB_PAIRING_HERE || self->state == HUB_PAIRING_BOTH
         || self->state == HUB_PAIRING_PAIRED;
}

const char *
hub_pairing_get_address (HubPairing *self)
{
  return self->address;
}

gint64
hub_pairing_get_expiry (HubPairing *self)
{
  return self->expires_at;
}

void
hub_pairing_set_other (HubPairing *self, const char *key, const char *hub, JsonNode *names)
{
  g_return_if_fail (self->other_key == NULL);

  self->other_key = g_strdup (key);
  self->other_hub = g_strdup (hub);
  self->other_names = json_node_ref (names);
}

void
hub_pairing_set_rekeyed (HubPairing *self, gboolean rekeyed)
{
  self->rekeyed = rekeyed;
}

const char *
hub_pairing_get_other_key (HubPairing *self)
{
  return self->other_key;
}

const char *
hub_pairing_get_other_hub (HubPairing *self)
{
  return self->other_hub;
}

JsonNode *
hub_pairing_get_other_names (HubPairing *self)
{
  return self->other_names;
}

const char *
hub_pairing_get_nonce (HubPairing *self)
{
  return self->own_nonce;
}

/* Appends what stands in hexadecimal, as bytes. */
static void
append_hex (GByteArray *array, const char *hex)
{
  g_autoptr (GBytes) bytes = hub_unhex (hex);

  if (bytes != NULL)
    g_byte_array_append (array, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

char *
hub_pairing_commit (const char *key, const char *nonce)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();

  g_byte_array_append (text, (const guint8 *) COMMITMENT_LABEL, strlen (COMMITMENT_LABEL));
  append_hex (text, key);
  append_hex (text, nonce);
  return hub_hash_hex (text->data, text->len);
}

void
hub_pairing_set_commitment (HubPairing *self, const char *commitment)
{
  g_free (self->commitment);
  self->commitment = g_strdup (commitment);
}

const char *
hub_pairing_get_commitment (HubPairing *self)
{
  return self->commitment;
}

/* 40 bits as eight characters of Crockford's alphabet, which leaves out I, L, O and U. */
static char *
spell (const guint8 *bits)
{
  static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  guint64 value = 0;
  char text[10];

  for (guint i = 0; i < 5; i++)
    value = value << 8 | bits[i];
  for (guint i = 0, at = 0; i < 8; i++)
    {
      if (i == 4)
        text[at++] = '-';
      text[at++] = alphabet[value >> (35 - 5 * i) & 31];
    }
  text[9] = '\0';
  return g_strdup (text);
}

void
hub_pairing_make_strings (const char *initiator_key, const char *responder_key,
                          const char *initiator_nonce, const char *responder_nonce,
                          char **initiator, char **responder)
{
  g_autoptr (GByteArray) text = g_byte_array_new ();
  g_autofree char *hash = NULL;
  g_autoptr (GBytes) bits = NULL;
  const guint8 *data;

  g_byte_array_append (text, (const guint8 *) STRING_LABEL, strlen (STRING_LABEL));
  append_hex (text, initiator_key);
  append_hex (text, responder_key);
  append_hex (text, initiator_nonce);
  append_hex (text, responder_nonce);
  hash = hub_hash_hex (text->data, text->len);
  bits = hub_unhex (hash);
  data = g_bytes_get_data (bits, NULL);
  *initiator = spell (data);
  *responder = spell (data + 5);
}

gboolean
hub_pairing_reveal (HubPairing *self, const char *nonce, GError **error)
{
  gboolean first = self->role == HUB_PAIRING_INITIATOR;

  if (self->other_nonce != NULL)
    {
      if (g_str_equal (self->other_nonce, nonce))
        return TRUE; /* the answer was lost, and it came again */
      return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/pairing-state", NULL,
                              N_ ("The pairing has gone on already"));
    }
  if (self->role == HUB_PAIRING_RESPONDER)
    {
      g_autofree char *promised = hub_pairing_commit (self->other_key, nonce);

      if (g_strcmp0 (promised, self->commitment) != 0)
        {
          hub_pairing_go (self, HUB_PAIRING_CANCEL);
          return karez_error_set (error, KAREZ_ERROR_DENIED, "peers/commitment", NULL,
                                  N_ ("The other hub did not keep to what it committed to"));
        }
    }
  self->other_nonce = g_strdup (nonce);
  hub_pairing_make_strings (
      first ? self->own_key : self->other_key, first ? self->other_key : self->own_key,
      first ? self->own_nonce : self->other_nonce, first ? self->other_nonce : self->own_nonce,
      first ? &self->shown : &self->expected, first ? &self->expected : &self->shown);
  if (!hub_pairing_go (self, HUB_PAIRING_REVEAL))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/pairing-state", NULL,
                            N_ ("The pairing is over"));
  return TRUE;
}

const char *
hub_pairing_get_shown (HubPairing *self)
{
  return self->shown;
}

gboolean
hub_pairing_go (HubPairing *self, HubPairingEdge edge)
{
  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    if (edges[i].from == self->state && edges[i].edge == edge)
      {
        self->state = edges[i].to;
        g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
        return TRUE;
      }
  return FALSE;
}

/* What was typed, as it would be shown: people type O for 0, and leave out the dash. */
static char *
tidy (const char *string)
{
  GString *text = g_string_new (NULL);

  for (const char *c = string; *c != '\0' && text->len < 16; c++)
    {
      char upper = g_ascii_toupper (*c);

      if (*c == '-' || *c == ' ')
        continue;
      if (upper == 'O')
        upper = '0';
      else if (upper == 'I' || upper == 'L')
        upper = '1';
      if (text->len == 4)
        g_string_append_c (text, '-');
      g_string_append_c (text, upper);
    }
  return g_string_free (text, FALSE);
}

gboolean
hub_pairing_try (HubPairing *self, const char *string, GError **error)
{
  g_autofree char *typed = tidy (string);
  g_autofree char *left = NULL;

  if (self->state == HUB_PAIRING_BURNT)
    return karez_error_set (
        error, KAREZ_ERROR_CONFLICT, "peers/pairing-burnt", N_ ("A new pairing"),
        N_ ("Three wrong strings were typed: this pairing cannot be used any more"));
  if (self->state != HUB_PAIRING_COMPARING && self->state != HUB_PAIRING_THERE)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "peers/pairing-state", NULL,
                            N_ ("This pairing does not wait for a string"));
  if (hub_equal_secret (typed, self->expected))
    return TRUE;
  self->wrong++;
  if (self->wrong >= HUB_PAIRING_TRIES)
    {
      hub_pairing_go (self, HUB_PAIRING_BURN);
      return karez_error_set (
          error, KAREZ_ERROR_CONFLICT, "peers/pairing-burnt", N_ ("A new pairing"),
          N_ ("Three wrong strings were typed: this pairing cannot be used any more"));
    }
  left = g_strdup_printf ("%u", HUB_PAIRING_TRIES - self->wrong);
  return karez_error_set (error, KAREZ_ERROR_INVALID, "peers/wrong-string",
                          N_ ("The eight characters that the other hospital's screen shows"),
                          N_ ("This is not what the other hospital's screen shows; tries left: %s"),
                          left);
}

JsonNode *
hub_pairing_to_json (HubPairing *self)
{
  static const char *const states[] = { "opening", "comparing", "here",    "there",    "both",
                                        "paired",  "burnt",     "expired", "cancelled" };
  g_autofree char *began = hub_time_format (self->began_at);
  gint64 left = (self->expires_at - hub_clock_monotonic ()) / G_USEC_PER_SEC;

  return karez_json_object ("id", "s", self->id, "state", "s", states[self->state], "role", "s",
                            self->role == HUB_PAIRING_INITIATOR ? "initiator" : "responder",
                            "shown", "s", hub_pairing_is_over (self) ? NULL : self->shown,
                            "address", "s", self->address, "hub", "s", self->other_hub, "names",
                            "n",
                            self->other_names != NULL ? json_node_copy (self->other_names) : NULL,
                            "key", "s", self->other_key, "rekeyed", "b", self->rekeyed,
                            "tries_left", "i", (gint64) (HUB_PAIRING_TRIES - self->wrong),
                            "began_at", "s", began, "expires_in_s", "i", MAX (left, 0), NULL);
}
