// SPDX-License-Identifier: LGPL-2.1-or-later
// A plugin's panel in the session page: fetched when it is wanted, told who is in, and given what the worker says.

import { nameOf } from '../i18n.js';
import { makePanel, panelAt } from '../panels.js';
import { may, state } from '../state.js';
import { asProblem } from '../components/element.js';
import { over, running } from './session-parts.js';

/** @typedef {import('../types.js').Session} Session */
/** @typedef {import('./session.js').SessionPage} SessionPage */

const mostEarly = 200; // messages that wait for a panel that is being fetched

export class PanelPlace {
  /** @param {SessionPage} page */
  constructor(page) {
    this.page = page;
    this.clear();
  }

  /** For another session. */
  clear() {
    /** @type {import('../panels.js').Panel | null} */
    this.panel = null;
    /** The element that is wanted now, and whether it is being fetched or there. @type {string} */
    this.wanted = '';
    this.asked = false;
    /** What the worker said before the panel was there. @type {Record<string, any>[]} */
    this.early = [];
    /** What an element of the lobby was given since this page joined: one of the room begins with it. @type {Record<string, any>[]} */
    this.ahead = [];
    this.inLobby = false;
  }

  /** @param {import('../panels.js').Panel} panel @param {Record<string, any>} body */
  give(panel, body) {
    if (this.inLobby && this.ahead.length < mostEarly)
      this.ahead.push(body);
    panel.receive?.(body);
  }

  /** @param {Record<string, any>} body */
  hear(body) {
    if (this.panel && !this.early.length)
      this.give(this.panel, body);
    else if (this.early.length < mostEarly)
      this.early.push(body);
  }

  /** What came before the panel was there: it is in the page by now, and knows who is in the session. */
  async deliver() {
    await this.page.updateComplete;
    await this.panel?.updateComplete;
    if (this.panel)
      for (const body of this.early.splice(0))
        this.give(this.panel, body);
  }

  /** @param {Session} session @returns {import('../panels.js').Stage | null} */
  stage({ state: at }) {
    if (over.includes(at))
      return 'afterwards';
    if (this.page.presence?.state !== 'out' && [...running, 'stopping'].includes(at))
      return 'room';
    return may('session.join') && [...running, 'ready', 'starting', 'stopping'].includes(at) ? 'lobby' : null;
  }

  /** @param {Session} session */
  async show(session) {
    const stage = this.stage(session);
    const wanted = stage ? panelAt(session.modality, stage) : '';
    if (this.page.presence?.state === 'out')
      this.ahead = [];
    this.inLobby = stage === 'lobby';
    if (wanted !== this.wanted) {
      // Another element for another stage; what the worker says meanwhile waits for it.
      if (stage === 'room')
        this.early.unshift(...this.ahead.splice(0));
      this.wanted = wanted;
      this.panel = null;
      this.asked = false;
    }
    if (!stage || !wanted) {
      if (this.page.presence?.state === 'out')
        this.early = [];
      this.asked = false;
      return;
    }
    if (!this.panel && !this.asked) {
      this.asked = true;
      try {
        const panel = await makePanel(session.modality, stage);
        if (!this.asked || wanted !== this.wanted)
          return;
        this.panel = panel;
        panel.send = (body) => this.page.presence?.send(body) ?? false;
      } catch (error) {
        if (wanted !== this.wanted)
          return;
        this.asked = false;
        this.page.acts.problem = asProblem(error);
        this.page.requestUpdate();
        return;
      }
    }
    if (this.panel) {
      const id = this.page.presence?.participant;
      const role = this.page.presence?.role ?? '';
      this.panel.session = session;
      this.panel.participant = id
        ? session.participants.find((one) => one.id === id)
          ?? { id, role, name: nameOf(state.me?.names), hospital: state.me?.hub ?? '' }
        : null;
      this.page.requestUpdate();
      void this.deliver();
    }
  }
}
