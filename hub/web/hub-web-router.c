/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which function answers a path. */
#include "hub-web-router.h"

#include "hub-catalogue.h"

#define MAX_PARTS 12

typedef struct _Node Node;
struct _Node
{
  GHashTable *literals; /* part → Node */
  Node *variable;       /* what {name} leads to */
  char *name;           /* of the variable that leads here */
  GPtrArray *routes;    /* HubWebRoute of this very path */
};

struct _HubWebRouter
{
  Node *root;
};

static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", NULL };

static void
route_free (HubWebRoute *route)
{
  if (route->destroy != NULL)
    route->destroy (route->data);
  g_free (route->method);
  g_free (route->path);
  g_free (route->permission);
  g_free (route);
}

static void
node_free (Node *node)
{
  if (node == NULL)
    return;
  g_hash_table_unref (node->literals);
  node_free (node->variable);
  g_free (node->name);
  g_ptr_array_unref (node->routes);
  g_free (node);
}

static Node *
node_new (const char *name)
{
  Node *node = g_new0 (Node, 1);

  node->literals = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                          (GDestroyNotify) node_free);
  node->routes = g_ptr_array_new_with_free_func ((GDestroyNotify) route_free);
  node->name = g_strdup (name);
  return node;
}

HubWebRouter *
hub_web_router_new (void)
{
  HubWebRouter *self = g_new0 (HubWebRouter, 1);

  self->root = node_new (NULL);
  return self;
}

void
hub_web_router_free (HubWebRouter *self)
{
  node_free (self->root);
  g_free (self);
}

/* The name between braces, NULL for a literal. */
static char *
variable_name (const char *part)
{
  gsize length = strlen (part);

  if (length < 3 || part[0] != '{' || part[length - 1] != '}')
    return NULL;
  return g_strndup (part + 1, length - 2);
}

static gboolean
is_route_part (const char *part)
{
  g_autofree char *name = variable_name (part);
  const char *text = name != NULL ? name : part;

  if (*text == '\0' || *text == '.')
    return FALSE;
  for (; *text != '\0'; text++)
    if (!g_ascii_isalnum (*text) && strchr ("-_.", *text) == NULL)
      return FALSE;
  return TRUE;
}

static gboolean
check_route (const char *method, const char *path, GStrv parts, GError **error)
{
  if (!g_strv_contains (methods, method))
    return karez_error_set (error, KAREZ_ERROR_INVALID, "route/method",
                            N_ ("GET, POST, PUT or DELETE"),
                            N_ ("“%s” is not a method that a route can have"), method);
  for (guint i = 1; path[0] == '/' && parts[i] != NULL && is_route_part (parts[i]); i++)
    if (parts[i + 1] == NULL && i <= MAX_PARTS)
      return TRUE;
  return karez_error_set (error, KAREZ_ERROR_INVALID, "route/path",
                          N_ ("a path such as /x/note/{session}, of letters, digits and hyphens"),
                          N_ ("“%s” is not the path of a route"), path);
}

/* Follows or makes the branch of a route's part; NULL when a variable has another name there. */
static Node *
branch (Node *node, const char *part)
{
  g_autofree char *name = variable_name (part);
  Node *next;

  if (name != NULL)
    {
      if (node->variable == NULL)
        node->variable = node_new (name);
      return g_str_equal (node->variable->name, name) ? node->variable : NULL;
    }
  next = g_hash_table_lookup (node->literals, part);
  if (next == NULL)
    {
      next = node_new (NULL);
      g_hash_table_insert (node->literals, g_strdup (part), next);
    }
  return next;
}

static HubWebRoute *
route_of_method (Node *node, const char *method)
{
  for (guint i = 0; i < node->routes->len; i++)
    {
      HubWebRoute *route = node->routes->pdata[i];

      if (g_str_equal (route->method, method))
        return route;
    }
  return NULL;
}

gboolean
hub_web_router_add (HubWebRouter *self, const char *method, const char *path,
                    const char *permission, KarezRouteBody body, KarezRouteFunc func, gpointer data,
                    GDestroyNotify destroy, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (path, "/", -1);
  Node *node = self->root;
  HubWebRoute *route;

  if (!check_route (method, path, parts, error))
    return FALSE;
  for (guint i = 1; node != NULL && parts[i] != NULL; i++)
    node = branch (node, parts[i]);
  if (node == NULL || route_of_method (node, method) != NULL)
    return karez_error_set (error, KAREZ_ERROR_CONFLICT, "route/taken", NULL,
                            N_ ("The route %s %s is taken"), method, path);

  route = g_new0 (HubWebRoute, 1);
  route->method = g_strdup (method);
  route->path = g_strdup (path);
  route->permission = g_strdup (permission);
  route->body = body;
  route->func = func;
  route->data = data;
  route->destroy = destroy;
  g_ptr_array_add (node->routes, route);
  return TRUE;
}

/* Decodes each part; NULL when one is empty, a dot part or nothing that a name can be. */
static GStrv
decode_parts (const char *path)
{
  g_auto (GStrv) raw = NULL;
  GPtrArray *parts;

  if (path[0] != '/' || path[1] == '\0')
    return NULL;
  raw = g_strsplit (path + 1, "/", MAX_PARTS + 2);
  if (g_strv_length (raw) > MAX_PARTS)
    return NULL;
  parts = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; raw[i] != NULL; i++)
    {
      char *part = g_uri_unescape_string (raw[i], NULL);

      g_ptr_array_add (parts, part);
      if (part == NULL || *part == '\0' || g_str_equal (part, ".") || g_str_equal (part, "..")
          || strlen (part) > 256 || !karez_text_check_name (part, -1, NULL))
        {
          g_ptr_array_unref (parts);
          return NULL;
        }
    }
  g_ptr_array_add (parts, NULL);
  return (GStrv) g_ptr_array_free (parts, FALSE);
}

/* The node of a path, literals first; goes back when a literal leads nowhere. */
static Node *
walk (Node *node, GStrv parts, GHashTable *values)
{
  Node *next, *found;

  if (*parts == NULL)
    return node->routes->len > 0 ? node : NULL;
  next = g_hash_table_lookup (node->literals, *parts);
  found = next != NULL ? walk (next, parts + 1, values) : NULL;
  if (found == NULL && node->variable != NULL)
    {
      found = walk (node->variable, parts + 1, values);
      if (found != NULL)
        g_hash_table_insert (values, g_strdup (node->variable->name), g_strdup (*parts));
    }
  return found;
}

const HubWebRoute *
hub_web_router_find (HubWebRouter *self, const char *method, const char *path, GHashTable **parts,
                     char **allowed)
{
  g_auto (GStrv) decoded = decode_parts (path);
  g_autoptr (GHashTable) values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  Node *node = decoded != NULL ? walk (self->root, decoded, values) : NULL;
  HubWebRoute *route;
  GString *list;

  *parts = NULL;
  *allowed = NULL;
  if (node == NULL)
    return NULL;
  route = route_of_method (node, g_str_equal (method, "HEAD") ? "GET" : method);
  if (route != NULL)
    {
      *parts = g_steal_pointer (&values);
      return route;
    }
  list = g_string_new (NULL);
  for (guint i = 0; methods[i] != NULL; i++)
    if (route_of_method (node, methods[i]) != NULL)
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", methods[i]);
  *allowed = g_string_free (list, FALSE);
  return NULL;
}
