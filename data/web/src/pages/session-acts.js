// SPDX-License-Identifier: LGPL-2.1-or-later
// What people do with a session: join, leave, start, hold, resume, end.

import { api } from '../api.js';
import { _, N_, ngettext } from '../i18n.js';
import { live } from '../live.js';
import { ticks } from '../time.js';
import { announce } from '../components/announce.js';
import { confirm } from '../components/dialog.js';
import { asProblem } from '../components/element.js';
import { isElsewhere } from '../components/presence.js';
import { toast, toastProblem } from '../components/toast.js';

/** @typedef {import('./session.js').SessionPage} SessionPage */

/** A page's acts, one at a time. */
export class SessionActs {
  /** @param {SessionPage} page */
  constructor(page) {
    this.page = page;
    /** The act under way. */
    this.busy = '';
    /** Why the last one was refused. @type {import('../api.js').Problem | null} */
    this.problem = null;
  }

  /** @param {string} name @param {() => Promise<unknown>} act */
  async act(name, act) {
    this.busy = name;
    this.problem = null;
    this.page.requestUpdate();
    try {
      await act();
    } catch (error) {
      this.problem = asProblem(error);
    }
    this.busy = '';
    this.page.requestUpdate();
    live.touch('session', 'booking');
  }

  /** @param {string} edge @param {unknown} [body] */
  move(edge, body = {}) {
    return this.act(edge, () => api.post(`/sessions/${this.page.session}/${edge}`, body));
  }

  /** The checks as they are now, before anybody starts. */
  check() {
    return this.act('check', async () => {
      const { checks } = await api.post(`/sessions/${this.page.session}/preflight`, {});
      const { value } = this.page.loader;
      if (value)
        this.page.loader.value = { ...value, checks };
      const failed = checks.filter((/** @type {import('../types.js').Check} */ one) => one.verdict === 'failed').length;
      announce(failed ? ngettext('%s check has failed', '%s checks have failed', failed) : _('No check has failed.'));
    });
  }

  /** Away from risk: by the page's open connection where it is in the session, which waits behind no
   * request; by a request where that is not heard.
   * @param {'hold' | 'stop'} edge @param {string} reason */
  halt(edge, reason) {
    return this.act(edge, async () => {
      const before = this.page.loader.value;
      if (this.page.presence?.state === 'in' && live.send({ type: edge, session: this.page.session, reason }))
        for (const end = ticks() + 1000; ticks() < end;) {
          await new Promise((done) => { setTimeout(done, 50); });
          const now = this.page.loader.value;
          if (now?.sequence !== before?.sequence || now?.state !== before?.state)
            return;
        }
      await api.post(`/sessions/${this.page.session}/${edge}`, { reason });
    });
  }

  async endForAll() {
    const answer = await confirm({
      title: _('End it for everybody?'),
      text: _('Everybody at both hospitals leaves the session, and what it made is kept. It cannot be opened again.'),
      action: _('End for all'),
    });
    if (answer)
      await this.halt('stop', N_('ended by the people in it'));
  }

  /** @param {string} role @param {boolean} [replace] */
  join(role, replace = false) {
    const { presence } = this.page;
    return this.act('join', async () => {
      try {
        await presence?.join(role, replace);
      } catch (error) {
        if (!isElsewhere(error))
          throw error;
        if (await confirm({
          title: _('You are in this session in another window'), mild: true, action: _('Use this window'),
          text: _('The others see and hear you from this window then; the other one leaves.'),
        }) && presence === this.page.presence)
          await presence?.join(role, true);
      }
    });
  }

  leave() {
    const role = this.page.presence?.role ?? '';
    return this.act('leave', async () => {
      await this.page.presence?.leave();
      toast(_('You left the session. It goes on.'), { undo: () => this.page.presence?.join(role).catch(toastProblem) });
    });
  }

  async hold() {
    const answer = await confirm({
      title: _('Put the session on hold?'),
      text: _('Everybody stays in it; nothing goes on until somebody resumes it.'),
      action: _('Hold'), reason: _('Reason, everybody in it sees it'), mild: true,
    });
    if (answer)
      await this.halt('hold', answer.reason ?? '');
  }
}
