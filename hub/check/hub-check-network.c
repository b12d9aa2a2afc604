/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looks whether the addresses and ports of a configuration can be bound. */
#include "hub-check.h"

#include "hub-names.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* What the kernel says to binding @host; 0: it can be. */
static int
try_bind (const char *host, guint16 port, int type)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, port);
  struct sockaddr_storage native = { 0 };
  const int on = 1;
  int fd, code = 0;

  if (address == NULL || !g_socket_address_to_native (address, &native, sizeof native, NULL))
    return EADDRNOTAVAIL;
  fd = socket (native.ss_family, type | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return errno;
  setsockopt (fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind (fd, (const struct sockaddr *) &native, g_socket_address_get_native_size (address)) < 0)
    code = errno;
  close (fd);
  return code;
}

/* Whether a hub with this configuration is there, and not to be minded: it answers at its local
 * socket, or this user may not even ask. */
static gboolean
is_running (HubConfig *config)
{
  g_autofree char *path = g_build_filename (hub_config_text (config, "Hub", "Runtime"),
                                            HUB_SOCKET_API, NULL);
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd, code = 0;

  if (strlen (path) >= sizeof address.sun_path)
    return FALSE;
  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0 || connect (fd, (const struct sockaddr *) &address, sizeof address) < 0)
    code = errno;
  if (fd >= 0)
    close (fd);
  return code == 0 || code == EAGAIN || code == EACCES;
}

static void
check_port (HubConfig *config, const char *group, const char *key, const HubCheck *check)
{
  int code;

  if (hub_config_text (config, group, key) == NULL || hub_config_is_found (config, group, key))
    return;
  code = try_bind (hub_config_text (config, group, "Listen"), hub_config_port (config, group, key),
                   SOCK_STREAM);
  if (code == EACCES && check->own)
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, group, key,
                     N_ ("the hub's user may not listen at a port so low"), NULL,
                     N_ ("a port from 1024, and the proxy in front of the hub at the low one"),
                     NULL);
  else if (code == EADDRINUSE && !is_running (config))
    {
      g_autofree char *number = g_strdup_printf ("%u", hub_config_port (config, group, key));

      hub_config_find (config, HUB_CONFIG_FAULT_AWAY, group, key,
                       N_ ("another program listens at port %s"), number,
                       N_ ("a port that nobody else uses"), NULL);
    }
}

static void
check_listening (HubConfig *config, const char *group, const HubCheck *check)
{
  const char *host = hub_config_text (config, group, "Listen");
  int code = try_bind (host, 0, SOCK_STREAM);

  if (code != 0)
    {
      if (!hub_config_is_found (config, group, "Listen"))
        hub_config_find (
            config, HUB_CONFIG_FAULT_AWAY, group, "Listen", N_ ("this machine has no address %s"),
            host,
            strchr (host, ':') != NULL
                ? N_ ("an address of this machine, :: for all, or 0.0.0.0 without IPv6")
                : N_ ("an address of this machine, or 0.0.0.0 for all"),
            NULL);
      return;
    }
  check_port (config, group, "Port", check);
  if (g_str_equal (group, "Web"))
    {
      check_port (config, group, "RedirectPort", check);
      check_port (config, group, "SecurePort", check);
    }
}

/* Whether who listens at both would meet: "::" takes IPv4 too. */
static gboolean
overlap (const char *a, const char *b)
{
  return g_str_equal (a, b) || g_str_equal (a, "::") || g_str_equal (b, "::")
         || ((g_str_equal (a, "0.0.0.0") || g_str_equal (b, "0.0.0.0"))
             && (strchr (a, ':') == NULL) == (strchr (b, ':') == NULL));
}

static void
check_apart (HubConfig *config, const char *group, const char *key, const char *other_group,
             const char *message)
{
  g_autofree char *other = NULL;

  if (hub_config_text (config, group, key) == NULL || hub_config_is_found (config, group, key)
      || hub_config_port (config, group, key) != hub_config_port (config, other_group, "Port")
      || !overlap (hub_config_text (config, group, "Listen"),
                   hub_config_text (config, other_group, "Listen")))
    return;
  other = g_strdup_printf ("%u", hub_config_port (config, group, key));
  hub_config_find (config, HUB_CONFIG_FAULT_VALUE, group, key, message, other,
                   N_ ("a port of its own for each"), NULL);
}

static void
check_ports (HubConfig *config)
{
  static const char *const beside[] = { "RedirectPort", "SecurePort" };

  check_apart (config, "Peers", "Port", "Web", N_ ("[Web] Port is %s too, at the same address"));
  for (guint i = 0; i < G_N_ELEMENTS (beside); i++)
    {
      check_apart (config, "Web", beside[i], "Web",
                   N_ ("[Web] Port is %s too, at the same address"));
      check_apart (config, "Web", beside[i], "Peers",
                   N_ ("[Peers] Port is %s too, at the same address"));
    }
}

static void
check_bound (HubConfig *config, const char *group)
{
  g_auto (GStrv) list = hub_config_addresses (config, group, "Address");

  for (guint i = 0; list[i] != NULL; i++)
    if (try_bind (list[i], 0, SOCK_DGRAM) != 0)
      hub_config_find (config, HUB_CONFIG_FAULT_AWAY, group, "Address",
                       N_ ("this machine has no address %s"), list[i],
                       N_ ("addresses of this machine; those that others see belong in Announce"),
                       NULL);
}

static gboolean
same_families (GStrv a, GStrv b)
{
  for (guint i = 0; a[i] != NULL; i++)
    if ((strchr (a[i], ':') == NULL) != (strchr (b[i], ':') == NULL))
      return FALSE;
  return TRUE;
}

static void
check_announced (HubConfig *config, const char *group)
{
  g_auto (GStrv) announced = hub_config_addresses (config, group, "Announce");
  g_auto (GStrv) own = hub_config_addresses (config, group, "Address");
  g_auto (GStrv) links = hub_config_addresses (config, "Link", "Address");
  GStrv bound = *own != NULL ? own : links;
  g_autofree char *number = NULL;

  if (*announced == NULL || hub_config_is_found (config, group, "Address"))
    return;
  number = g_strdup_printf ("%u", MAX (1, g_strv_length (bound)));
  if (*bound == NULL)
    {
      if (announced[1] != NULL)
        hub_config_find (config, HUB_CONFIG_FAULT_VALUE, group, "Announce",
                         N_ ("nothing says which addresses it stands for"), NULL,
                         N_ ("one address, or an Address as long as it"), NULL);
    }
  else if (g_strv_length (announced) != g_strv_length (bound))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, group, "Announce",
                     N_ ("it has not one address for each that is bound"), NULL,
                     N_ ("as many as there are of Address, in the same order: %s"), number);
  else if (!same_families (announced, bound))
    hub_config_find (config, HUB_CONFIG_FAULT_VALUE, group, "Announce",
                     N_ ("an IPv4 address stands for an IPv6 address, or the other way round"),
                     NULL, N_ ("of each address one of its own kind, in the same order"), NULL);
}

void
hub_check_network (HubConfig *config, const HubCheck *check)
{
  check_listening (config, "Web", check);
  check_listening (config, "Peers", check);
  check_ports (config);
  check_bound (config, "Link");
  check_bound (config, "Media");
  check_announced (config, "Link");
  check_announced (config, "Media");
}

gboolean
hub_check_port (HubConfig *config, const char *group, GError **error)
{
  const char *host = hub_config_text (config, group, "Listen");
  int code = try_bind (host, hub_config_port (config, group, "Port"), SOCK_STREAM);

  if (code == 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "listening at %s port %u: %s", host,
               hub_config_port (config, group, "Port"), g_strerror (code));
  return FALSE;
}
