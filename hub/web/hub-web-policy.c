/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one authorisation table: permission by roles. */
#include "hub-web-policy.h"

#include "hub-catalogue.h"

#include <string.h>

enum
{
  DESK = 1 << 0,
  CLINICIAN = 1 << 1,
  SURGEON = 1 << 2,
  BEDSIDE = 1 << 3,
  ENGINEER = 1 << 4,
  ADMINISTRATOR = 1 << 5,
  AUDITOR = 1 << 6,
  CARE = CLINICIAN | SURGEON | BEDSIDE,
  EVERYBODY = (1 << 7) - 1,
};

/* In the order of the bits above. */
static const char *const role_names[] = { "desk",     "clinician",     "surgeon", "bedside",
                                          "engineer", "administrator", "auditor", NULL };

static const struct
{
  const char *permission;
  guint roles;
  gboolean away; /* from risk: it waits for nothing and nobody */
} table[] = {
  { "board.read", EVERYBODY },
  { "booking.write", DESK | CARE | ADMINISTRATOR },
  { "booking.answer", DESK | ADMINISTRATOR },
  { "emergency.answer", DESK | CARE | ADMINISTRATOR },
  { "session.join", DESK | CARE },
  { "session.invite", DESK | CARE },
  { "session.control", DESK | CARE | ENGINEER | ADMINISTRATOR },
  { "session.halt", DESK | CARE | ENGINEER | ADMINISTRATOR, TRUE },
  { "people.read", DESK | CARE | ADMINISTRATOR | AUDITOR },
  { "people.write", ADMINISTRATOR },
  { "resource.write", DESK | ADMINISTRATOR },
  { "peers.read", DESK | CARE | ENGINEER | ADMINISTRATOR },
  { "peers.write", ADMINISTRATOR },
  { "audit.read", ADMINISTRATOR | AUDITOR },
  { "plugins.read", ENGINEER | ADMINISTRATOR },
  { "plugins.write", ADMINISTRATOR },
  { "system.read", ENGINEER | ADMINISTRATOR },
  { "patient.read", DESK | CARE },
};

struct _HubWebPolicy
{
  GHashTable *lines; /* permission → bits */
};

HubWebPolicy *
hub_web_policy_new (void)
{
  HubWebPolicy *self = g_new0 (HubWebPolicy, 1);

  self->lines = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    g_hash_table_insert (self->lines, g_strdup (table[i].permission),
                         GUINT_TO_POINTER (table[i].roles));
  return self;
}

void
hub_web_policy_free (HubWebPolicy *self)
{
  g_hash_table_unref (self->lines);
  g_free (self);
}

static guint
bit_of_role (const char *role)
{
  for (guint i = 0; role_names[i] != NULL; i++)
    if (g_str_equal (role_names[i], role))
      return 1u << i;
  return 0;
}

gboolean
hub_web_policy_is_role (const char *role)
{
  return bit_of_role (role) != 0;
}

static gboolean
is_permission_name (const char *name)
{
  if (strchr (name, '.') == NULL || strlen (name) > 100 || !g_ascii_islower (name[0]))
    return FALSE;
  for (const char *c = name; *c != '\0'; c++)
    if (!g_ascii_islower (*c) && !g_ascii_isdigit (*c) && *c != '.' && *c != '-')
      return FALSE;
  return TRUE;
}

gboolean
hub_web_policy_add (HubWebPolicy *self, const char *permission, const char *const *roles,
                    GError **error)
{
  guint bits = 0;

  if (!is_permission_name (permission))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "policy/name",
                            N_ ("lower case letters, digits and hyphens, with a dot between "
                                "thing and act"),
                            N_ ("“%s” is not the name of a permission"), permission);
  if (g_hash_table_contains (self->lines, permission))
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "policy/taken", NULL,
                            N_ ("The permission “%s” is already in the table"), permission);
  for (; *roles != NULL; roles++)
    {
      guint bit = bit_of_role (*roles);

      if (bit == 0)
        return karez_error_set (error, KAREZ_ERROR_INVALID, "policy/role",
                                N_ ("one of the roles of an account"), N_ ("There is no role “%s”"),
                                *roles);
      bits |= bit;
    }
  if (bits == 0)
    return karez_error_set (error, KAREZ_ERROR_INVALID, "policy/nobody", N_ ("at least one role"),
                            N_ ("The permission “%s” would be nobody's"), permission);
  g_hash_table_insert (self->lines, g_strdup (permission), GUINT_TO_POINTER (bits));
  return TRUE;
}

gboolean
hub_web_policy_knows (HubWebPolicy *self, const char *permission)
{
  return g_str_equal (permission, HUB_WEB_ANYONE) || g_str_equal (permission, HUB_WEB_SIGNED_IN)
         || g_str_equal (permission, HUB_WEB_OWN_ACCOUNT)
         || g_hash_table_contains (self->lines, permission);
}

/* How many letters are another one, too many or missing. */
static guint
measure_distance (const char *a, const char *b)
{
  gsize length = strlen (b);
  g_autofree guint *row = g_new (guint, length + 1);

  for (gsize j = 0; j <= length; j++)
    row[j] = j;
  for (gsize i = 1; a[i - 1] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = i;
      for (gsize j = 1; j <= length; j++)
        {
          guint above = row[j];
          guint changed = diagonal + (a[i - 1] != b[j - 1]);

          row[j] = MIN (changed, MIN (above, row[j - 1]) + 1);
          diagonal = above;
        }
    }
  return row[length];
}

char *
hub_web_policy_find_near (HubWebPolicy *self, const char *name)
{
  guint least = 3 + strlen (name) / 4; /* farther is no near miss */
  const char *near = NULL;
  GHashTableIter iter;
  gpointer line;

  g_hash_table_iter_init (&iter, self->lines);
  while (g_hash_table_iter_next (&iter, &line, NULL))
    {
      guint distance = measure_distance (name, line);

      if (distance > least || (distance == least && near != NULL && strcmp (line, near) > 0))
        continue;
      least = distance;
      near = line;
    }
  return g_strdup (near);
}

gboolean
hub_web_policy_is_away (const char *permission)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (g_str_equal (table[i].permission, permission))
      return table[i].away;
  return FALSE;
}

static guint
bits_of_actor (KarezActor *actor)
{
  const char *const *roles = karez_actor_get_roles (actor);
  guint bits = 0;

  /* A peer or a timer never comes in by this door. */
  if (karez_actor_get_kind (actor) != KAREZ_ACTOR_PERSON
      && karez_actor_get_kind (actor) != KAREZ_ACTOR_LOCAL)
    return 0;
  for (; roles != NULL && *roles != NULL; roles++)
    bits |= bit_of_role (*roles);
  return bits;
}

gboolean
hub_web_policy_allows (HubWebPolicy *self, const char *permission, KarezActor *actor)
{
  if (g_str_equal (permission, HUB_WEB_ANYONE))
    return TRUE;
  if (actor == NULL)
    return FALSE;
  if (g_str_equal (permission, HUB_WEB_SIGNED_IN) || g_str_equal (permission, HUB_WEB_OWN_ACCOUNT))
    return TRUE;
  return (GPOINTER_TO_UINT (g_hash_table_lookup (self->lines, permission)) & bits_of_actor (actor))
         != 0;
}

gboolean
hub_web_policy_allows_each (HubWebPolicy *self, const char *prefix, const char *suffix,
                            KarezActor *actor)
{
  guint bits = bits_of_actor (actor);
  gboolean some = FALSE;
  GHashTableIter iter;
  gpointer name, roles;

  g_hash_table_iter_init (&iter, self->lines);
  while (g_hash_table_iter_next (&iter, &name, &roles))
    if (g_str_has_prefix (name, prefix) && g_str_has_suffix (name, suffix))
      {
        if ((GPOINTER_TO_UINT (roles) & bits) == 0)
          return FALSE;
        some = TRUE;
      }
  return some;
}

static int
by_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

GStrv
hub_web_policy_list (HubWebPolicy *self, KarezActor *actor)
{
  GPtrArray *names = g_ptr_array_new ();
  guint bits = bits_of_actor (actor);
  GHashTableIter iter;
  gpointer name, roles;

  g_hash_table_iter_init (&iter, self->lines);
  while (g_hash_table_iter_next (&iter, &name, &roles))
    if ((GPOINTER_TO_UINT (roles) & bits) != 0)
      g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, by_text);
  g_ptr_array_add (names, NULL);
  return (GStrv) g_ptr_array_free (names, FALSE);
}
