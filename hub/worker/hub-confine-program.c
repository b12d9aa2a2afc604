/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Confines a session's programs, and the process that starts them. */
#include "hub-confine-program.h"

#include "hub-confine-private.h"
#include "hub-log.h"

#include <dlfcn.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/prctl.h>
#include <sys/sysinfo.h>

#define MIB (1024ull * 1024)
#define MAX_FILES 64
#define MAX_THREADS 64u
#define MAX_SIGNALS 256
#define THREAD_STACK (1024 * 1024)
/* What is only mapped costs tables of pages, 1 part in 512. */
#define ADDRESSES (4096 * MIB)

/* Where a symbol's object was loaded from; NULL if that is not known. */
static const char *
find_object (const void *symbol)
{
  Dl_info info = { 0 };

  return dladdr (symbol, &info) != 0 ? info.dli_fname : NULL;
}

static void
allow_folder_of (int ruleset, const HubRuleset *rules, const char *file)
{
  g_autofree char *folder = file != NULL ? g_path_get_dirname (file) : NULL;

  if (folder != NULL)
    hub_confine_allow (ruleset, rules, folder, HUB_CONFINE_READ);
}

static void
allow_programs (int ruleset, const HubRuleset *rules, GPtrArray *programs)
{
  static const char *const installed[] = { "/usr",   "/lib",    "/lib32",
                                           "/lib64", "/libx32", "/sys/devices/system/cpu" };
  const char *loader = find_object (GSIZE_TO_POINTER (getauxval (AT_BASE)));

  for (guint i = 0; i < G_N_ELEMENTS (installed); i++)
    hub_confine_allow (ruleset, rules, installed[i], HUB_CONFINE_READ);
  hub_confine_allow (ruleset, rules, "/etc/ld.so.cache", LANDLOCK_ACCESS_FS_READ_FILE);
  if (loader != NULL)
    hub_confine_allow (ruleset, rules, loader,
                       LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
  /* Our own library, where it is not installed in the system's folders. */
  allow_folder_of (ruleset, rules, find_object ((const void *) karez_error_quark));
  for (guint i = 0; i < programs->len; i++)
    {
      const HubPluginProgram *program = g_ptr_array_index (programs, i);

      allow_folder_of (ruleset, rules, program->path);
      hub_confine_allow (ruleset, rules, program->path,
                         LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE);
    }
  /* Where a sanitizer of a program finds its maps. */
  if (HUB_CONFINE_SANITIZED)
    hub_confine_allow (ruleset, rules, "/proc", HUB_CONFINE_READ);
}

void
hub_confine_spawner (GPtrArray *programs, const char *subject)
{
  HubRuleset rules = { 0 };
  int ruleset = -1;
  int abi = 0;

  hub_confine_drop_privileges ();
  ruleset = hub_confine_open_ruleset (&rules);
  if (ruleset >= 0)
    {
      allow_programs (ruleset, &rules, programs);
      abi = hub_confine_enforce (ruleset, &rules, subject);
    }
  if (abi > 0)
    hub_notice ("program", subject,
                "Programs of the session are confined: their files by Landlock (ABI %d), their "
                "system calls by seccomp.",
                abi);
  else
    hub_warning ("program", subject,
                 "Programs of the session are confined in part: not their files, for want of "
                 "Landlock.");
}

static gboolean
limit (__rlimit_resource_t resource, rlim_t most)
{
  const struct rlimit to = { most, most };

  return setrlimit (resource, &to) == 0;
}

/* It is held against all threads of this user, which are no more than all that there are. */
static gboolean
limit_threads (void)
{
  struct sysinfo info;

  return sysinfo (&info) == 0 && limit (RLIMIT_NPROC, info.procs + MAX_THREADS);
}

gboolean
hub_confine_program (const HubPluginProgram *program)
{
  /* A sanitizer's shadow would count. */
  return (HUB_CONFINE_SANITIZED
          || (limit (RLIMIT_DATA, program->memory * MIB)
              && limit (RLIMIT_AS, program->memory * MIB + ADDRESSES)))
         && limit (RLIMIT_STACK, THREAD_STACK) && limit (RLIMIT_NOFILE, MAX_FILES)
         && limit (RLIMIT_CORE, 0) && limit (RLIMIT_RTPRIO, 0) && limit (RLIMIT_MEMLOCK, 0)
         && limit (RLIMIT_SIGPENDING, MAX_SIGNALS) && limit_threads ()
         && setpriority (PRIO_PROCESS, 0, (int) program->nice) == 0
         /* The worker's, for its media thread: not this one's. */
         && limit (RLIMIT_NICE, 0) && prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
         && hub_confine_restrict_calls (TRUE);
}
