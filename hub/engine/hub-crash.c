/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names the plugin whose code crashed or blocks the process, by the stack. */
#include "hub-crash.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#define MAX_MODULES 64
#define MAX_FRAMES 256
#define ASK_SIGNAL (SIGRTMIN + 3)
#define ASK_MS 200
#define STACK_SIZE (64 * 1024) /* one that overflowed is no place to look from */

typedef struct
{
  char plugin[40];
  guintptr start, end; /* of its code */
} Module;

/* Read by a signal's handler: only ever added to. */
static Module modules[MAX_MODULES];
static int n_modules;
static HubCalls *watched;

enum
{
  ANSWER_PENDING = -2,
  ANSWER_NOBODY = -1, /* from 0: a module */
};
static pthread_t main_thread;
static int answer;

/* Only what signal-safety(7) allows is called from here on down to on_crash(); the unwinder of
 * libgcc is no more than memory and _dl_find_object(), once it was used. */

static const Module *
find_module (guintptr at)
{
  int n = g_atomic_int_get (&n_modules);

  for (int i = 0; i < n; i++)
    if (at >= modules[i].start && at < modules[i].end)
      return &modules[i];
  return NULL;
}

typedef struct
{
  const Module *module;
  guint depth;
} Look;

static _Unwind_Reason_Code
look_at (struct _Unwind_Context *context, void *data)
{
  Look *look = data;

  look->module = find_module (_Unwind_GetIP (context));
  return look->module != NULL || ++look->depth > MAX_FRAMES ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/* Where a call of nothing came from: there is no frame to begin with at address 0. */
static guintptr
caller_of (const ucontext_t *context)
{
#if defined(__x86_64__)
  return context->uc_mcontext.gregs[REG_RIP] == 0
             ? *(const guintptr *) context->uc_mcontext.gregs[REG_RSP]
             : 0;
#elif defined(__aarch64__)
  return context->uc_mcontext.pc == 0 ? context->uc_mcontext.regs[30] : 0;
#else
  return 0;
#endif
}

static void
on_crash (int number, siginfo_t *info, void *context)
{
  HubCalls *calls = g_atomic_pointer_get (&watched);
  Look look = { find_module (caller_of (context)), 0 };
  gboolean in_main = syscall (SYS_gettid) == getpid ();

  if (calls != NULL)
    {
      if (look.module == NULL)
        _Unwind_Backtrace (look_at, &look);
      if (look.module != NULL)
        hub_calls_accuse (calls, look.module->plugin, HUB_CRASH_OWN_CODE, in_main);
      else if (!in_main)
        hub_calls_acquit (calls); /* whatever the main thread is doing */
    }
  /* The handler is gone: this one ends the process as if nobody had looked. */
  raise (number);
}

static void
on_ask (int number)
{
  int before = errno;
  Look look = { 0 };

  _Unwind_Backtrace (look_at, &look);
  g_atomic_int_set (&answer, look.module != NULL ? (int) (look.module - modules) : ANSWER_NOBODY);
  errno = before;
}

static _Unwind_Reason_Code
pass_by (struct _Unwind_Context *context, void *data)
{
  return _URC_NO_REASON;
}

static void
install (void)
{
  static const int numbers[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT };
  static char stack[STACK_SIZE];
  const stack_t other = { .ss_sp = stack, .ss_size = sizeof stack };
  struct sigaction action = { .sa_sigaction = on_crash };
  struct sigaction ask = { .sa_handler = on_ask, .sa_flags = SA_RESTART };

  /* The unwinder makes itself ready the first time. */
  _Unwind_Backtrace (pass_by, NULL);
  sigaltstack (&other, NULL);
  sigemptyset (&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | (int) SA_RESETHAND;
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    sigaction (numbers[i], &action, NULL);
  main_thread = pthread_self ();
  sigemptyset (&ask.sa_mask);
  sigaction (ASK_SIGNAL, &ask, NULL);
}

static void
forget (HubCalls *calls)
{
  g_atomic_pointer_compare_and_exchange (&watched, calls, NULL);
}

void
hub_crash_watch (HubCalls *calls)
{
  static gboolean installed;

  hub_calls_on_free (calls, forget);
  g_atomic_pointer_set (&watched, calls);
#ifndef __SANITIZE_ADDRESS__
  if (!installed)
    install ();
#endif
  installed = TRUE;
}

gboolean
hub_crash_ask (char *plugin, gsize size)
{
  int told = ANSWER_PENDING;

  if (g_atomic_pointer_get (&watched) == NULL || g_atomic_int_get (&n_modules) == 0 || !main_thread)
    return FALSE;
  g_atomic_int_set (&answer, ANSWER_PENDING);
  if (pthread_kill (main_thread, ASK_SIGNAL) != 0)
    return FALSE;
  for (guint i = 0; i < ASK_MS && told == ANSWER_PENDING; i++)
    {
      g_usleep (1000); /* nocheck:blocked -- never on the main thread */
      told = g_atomic_int_get (&answer);
    }
  if (told < 0)
    return FALSE;
  g_strlcpy (plugin, modules[told].plugin, size);
  return TRUE;
}

static int
on_object (struct dl_phdr_info *info, size_t size, void *data)
{
  Module *wanted = data; /* it starts and ends at an address inside */
  Module found = { "", UINTPTR_MAX, 0 };
  gboolean there = FALSE;

  for (int i = 0; i < info->dlpi_phnum; i++)
    {
      const ElfW (Phdr) *part = &info->dlpi_phdr[i];
      guintptr start = info->dlpi_addr + part->p_vaddr, end = start + part->p_memsz;

      if (part->p_type != PT_LOAD)
        continue;
      there = there || (wanted->start >= start && wanted->end < end);
      if (part->p_flags & PF_X)
        {
          found.start = MIN (found.start, start);
          found.end = MAX (found.end, end);
        }
    }
  if (!there)
    return 0;
  *wanted = found;
  return 1;
}

void
hub_crash_add_module (const char *plugin, gconstpointer inside)
{
  Module module = { "", (guintptr) inside, (guintptr) inside };

  if (n_modules >= MAX_MODULES || !dl_iterate_phdr (on_object, &module)
      || find_module (module.start) != NULL)
    return;
  g_strlcpy (module.plugin, plugin, sizeof module.plugin);
  modules[n_modules] = module;
  g_atomic_int_inc (&n_modules);
}
