/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Confines the worker: its privileges, its files by Landlock, its calls by seccomp. */
#include "hub-confine-private.h"

#include "hub-log.h"
#include "hub-realtime.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#if HUB_CONFINE_SANITIZED
#include <link.h>
#endif

/* Landlock. What Debian 12's <linux/landlock.h> (ABI 2) does not know is from that of Linux 6.15,
 * include/uapi/linux/landlock.h: truncation with ABI 3, TCP with 4, devices with 5, scopes with 6.
 */
#define ACCESS_FS_TRUNCATE (1ull << 14)
#define ACCESS_FS_IOCTL_DEV (1ull << 15)
#define ACCESS_NET_BIND_TCP (1ull << 0)
#define ACCESS_NET_CONNECT_TCP (1ull << 1)
#define SCOPE_ABSTRACT_UNIX_SOCKET (1ull << 0)
#define SCOPE_SIGNAL (1ull << 1)

/* All of ABI 1, which is the lowest 13 bits, and LANDLOCK_ACCESS_FS_REFER of 2. */
#define ACCESS_FS_1 ((1ull << 13) - 1)
#define KEEP_FILES                                                                                 \
  (HUB_CONFINE_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE               \
   | LANDLOCK_ACCESS_FS_MAKE_REG | ACCESS_FS_TRUNCATE)

static int
get_landlock_abi (void)
{
  long abi = syscall (SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

  return (int) MAX (abi, 0);
}

int
hub_confine_open_ruleset (HubRuleset *rules)
{
  int abi = get_landlock_abi ();

  *rules = (HubRuleset){ .attributes.handled_access_fs = ACCESS_FS_1, .abi = abi };
  if (abi >= 2)
    rules->attributes.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3)
    rules->attributes.handled_access_fs |= ACCESS_FS_TRUNCATE;
  if (abi >= 4)
    rules->attributes.handled_access_net = ACCESS_NET_BIND_TCP | ACCESS_NET_CONNECT_TCP;
  if (abi >= 5)
    rules->attributes.handled_access_fs |= ACCESS_FS_IOCTL_DEV;
  if (abi >= 6)
    rules->attributes.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
  return abi > 0 ? (int) syscall (SYS_landlock_create_ruleset, &rules->attributes,
                                  sizeof rules->attributes, 0)
                 : -1;
}

gboolean
hub_confine_allow (int ruleset, const HubRuleset *rules, const char *path, guint64 access)
{
  struct landlock_path_beneath_attr rule = {
    .allowed_access = access & rules->attributes.handled_access_fs
  };
  gboolean done;

  rule.parent_fd = open (path, O_PATH | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return FALSE;
  done = syscall (SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
  close (rule.parent_fd);
  return done;
}

#if HUB_CONFINE_SANITIZED
typedef struct
{
  int ruleset;
  const HubRuleset *rules;
} Loaded;

static int
allow_loaded (struct dl_phdr_info *info, size_t size, void *data)
{
  const Loaded *loaded = data;

  if (info->dlpi_name[0] == '/')
    hub_confine_allow (loaded->ruleset, loaded->rules, info->dlpi_name,
                       LANDLOCK_ACCESS_FS_READ_FILE);
  return 0;
}
#endif

/* A sanitizer's report reads the maps of this process, the symbols of what is loaded, and what it
 * is told to leave out. */
static void
allow_reports (int ruleset, const HubRuleset *rules)
{
#if HUB_CONFINE_SANITIZED
  Loaded loaded = { ruleset, rules };
  const char *set = g_getenv ("LSAN_OPTIONS");
  g_auto (GStrv) options = g_strsplit (set != NULL ? set : "", ":", -1);

  hub_confine_allow (ruleset, rules, "/proc/self", HUB_CONFINE_READ);
  hub_confine_allow (ruleset, rules, "/proc/self/exe", LANDLOCK_ACCESS_FS_READ_FILE);
  dl_iterate_phdr (allow_loaded, &loaded);
  for (guint i = 0; options[i] != NULL; i++)
    if (g_str_has_prefix (options[i], "suppressions="))
      hub_confine_allow (ruleset, rules, options[i] + strlen ("suppressions="),
                         LANDLOCK_ACCESS_FS_READ_FILE);
#endif
}

int
hub_confine_enforce (int ruleset, const HubRuleset *rules, const char *subject)
{
  gboolean done;

  /* GRand, of which GUIDs are made, has its seed from there; nothing else comes from a device. */
  hub_confine_allow (ruleset, rules, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
  allow_reports (ruleset, rules);
  done = syscall (SYS_landlock_restrict_self, ruleset, 0) == 0;
  if (!done)
    hub_warning ("worker", subject, "Landlock refuses: %s", g_strerror (errno));
  close (ruleset);
  return done ? rules->abi : 0;
}

/* Returns the ABI that is in force; 0 for none. */
static int
restrict_files (const char *directory, const char *subject)
{
  HubRuleset rules = { 0 };
  int ruleset = hub_confine_open_ruleset (&rules);

  if (ruleset < 0)
    return 0;
  if (hub_confine_allow (ruleset, &rules, directory, KEEP_FILES))
    return hub_confine_enforce (ruleset, &rules, subject);
  hub_warning ("worker", subject, "Landlock refuses: %s", g_strerror (errno));
  close (ruleset);
  return 0;
}

/* Privileges, which a hub that runs as root has. */
void
hub_confine_drop_privileges (void)
{
  struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
  struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
  const struct rlimit no_core = { 0 };

  hub_realtime_limit ();
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  syscall (SYS_capset, &header, none);
  setrlimit (RLIMIT_CORE, &no_core);
  /* Media keys are in this memory: no other process of the same user looks at it either. The hub
   * watches the process by a pidfd, which does not need that. */
  if (!HUB_CONFINE_SANITIZED)
    prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* Landlock binds the thread that asks, and those that it makes. */
static guint
count_threads (void)
{
  g_autoptr (GDir) tasks = g_dir_open ("/proc/self/task", 0, NULL);
  guint n = 0;

  while (tasks != NULL && g_dir_read_name (tasks) != NULL)
    n++;
  return n;
}

void
hub_confine (const char *directory, const char *subject)
{
  guint n_threads = count_threads ();
  int landlock;
  gboolean calls;

  hub_confine_drop_privileges ();
  landlock = restrict_files (directory, subject);
  calls = hub_confine_restrict_calls (FALSE);
  if (n_threads > 1)
    hub_warning ("worker", subject,
                 "%u threads were there before the worker was confined; Landlock does not bind "
                 "them.",
                 n_threads - 1);
  if (landlock > 0 && calls)
    hub_notice ("worker", subject,
                "The worker is confined: its files by Landlock (ABI %d), its system calls by "
                "seccomp.",
                landlock);
  else
    hub_warning ("worker", subject, "The worker is confined in part: %s, %s.",
                 landlock > 0 ? "its files by Landlock" : "not its files, for want of Landlock",
                 calls ? "its system calls by seccomp"
                       : "not its system calls, for want of seccomp filters");
}
