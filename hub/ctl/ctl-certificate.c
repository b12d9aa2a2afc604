/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* karezctl certificate: the root of the hub's own authority, to be handed to PCs and phones. */
#include "ctl-database.h"
#include "ctl.h"

#include "hub-web-authority.h"
#include "hub-web-pair.h"
#include "hub-web-root.h"

#include <unistd.h>

/* Light modules around a QR code (ISO/IEC 18004, 5.3.8). */
#define QUIET 4

/* Returns: (transfer full): NULL when it is told why; @status is what karezctl ends with */
static HubWebRoot *
load (Ctl *ctl, CtlStatus *status)
{
  g_autofree char *host = NULL, *directory = NULL;
  g_autoptr (GError) error = NULL;
  HubWebRoot *root;

  *status = CTL_REFUSED;
  if (!ctl_has_config (ctl))
    {
      *status = ctl_without_config (ctl);
      return NULL;
    }
  if (hub_config_text (ctl->config, "Web", "Authority") == NULL
      || hub_config_text (ctl->config, "Web", "Origin") == NULL)
    {
      g_printerr ("karezctl: %s\n",
                  _ ("this hub has no authority of its own; [Web] Authority=own makes one"));
      return NULL;
    }
  /* What is in the state directory is the hub's user's, who may have put anything there. */
  if (geteuid () == 0 && !ctl_become_hub (ctl, &error))
    {
      *status = ctl_refuse (error);
      return NULL;
    }
  host = hub_web_pair_host_of (hub_config_text (ctl->config, "Web", "Origin"));
  directory = g_build_filename (hub_config_text (ctl->config, "Hub", "State"),
                                HUB_WEB_AUTHORITY_DIRECTORY, host, NULL);
  root = hub_web_root_load (directory, &error);
  if (root == NULL)
    *status = ctl_refuse (error);
  return root;
}

static gboolean
is_dark (JsonArray *rows, int x, int y)
{
  int width = (int) json_array_get_length (rows);

  return x >= 0 && y >= 0 && x < width && y < width
         && json_array_get_string_element (rows, (guint) y)[x] == '1';
}

/* Two rows of modules a line, black on white whatever the terminal's colours are. */
static void
print_code (JsonArray *rows)
{
  static const char *const blocks[] = { " ", "▀", "▄", "█" };
  int width = (int) json_array_get_length (rows);

  for (int y = -QUIET; y < width + QUIET; y += 2)
    {
      g_autoptr (GString) line = g_string_new ("\033[38;5;16;48;5;231m");

      for (int x = -QUIET; x < width + QUIET; x++)
        g_string_append (line, blocks[is_dark (rows, x, y) | is_dark (rows, x, y + 1) << 1]);
      g_print ("%s\033[0m\n", line->str);
    }
}

static CtlStatus
show_pem (Ctl *ctl, const HubWebRoot *root)
{
  g_autoptr (JsonNode)
      answer = karez_json_object ("pem", "s", root->pem, "sha256", "s", root->sha256, NULL);

  if (ctl_json (ctl, answer))
    return CTL_OK;
  g_print ("%s", root->pem);
  /* Not into a file that the first is kept in. */
  g_printerr ("SHA-256 %s\n", root->sha256);
  return CTL_OK;
}

static CtlStatus
show_code (Ctl *ctl, const HubWebRoot *root)
{
  gboolean redirects = hub_config_text (ctl->config, "Web", "RedirectPort") != NULL;
  g_autofree char *address = hub_web_root_make_address (
      hub_config_text (ctl->config, "Web", "Origin"),
      redirects ? hub_config_port (ctl->config, "Web", "RedirectPort") : 0);
  g_autoptr (JsonNode) answer = hub_web_root_describe (root, address);

  if (ctl_json (ctl, answer))
    return CTL_OK;
  print_code (json_object_get_array_member (json_node_get_object (answer), "qr"));
  g_print ("%s\nSHA-256 %s\n", address, root->sha256);
  return CTL_OK;
}

static CtlStatus
show (Ctl *ctl, char **arguments)
{
  CtlStatus status;
  g_autoptr (HubWebRoot) root = load (ctl, &status);

  if (root == NULL)
    return status;
  return ctl_option_is_given (ctl, "qr") ? show_code (ctl, root) : show_pem (ctl, root);
}

static const CtlOption options[] = {
  { "qr", NULL, N_ ("Shows where phones get it, as a QR code") },
  { NULL },
};

const CtlVerb ctl_certificate_verbs[] = {
  { "", "",
    N_ ("Prints the root of the hub’s own authority, which PCs and phones are to trust, and its "
        "fingerprint"),
    options, show },
  { NULL },
};
