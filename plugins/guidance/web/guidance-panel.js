// SPDX-License-Identifier: LGPL-2.1-or-later
// The room of an AR guidance: who is at the patient's side shows the scene, experts draw on it.

import { _, N_, announce, api, html, hubNow, live, may, newId, nothing, number, singleKey, state, ticks, toast, toastProblem, Problem } from '@karez/desk';
import { Devices, MediaPanel } from '@karez/media';
import { Readback, sayAsked } from './guidance-checklist.js';
import { takeStill } from './guidance-camera.js';
import { Sending } from './guidance-document.js';
import { experts } from './guidance-expert.js';
import './guidance-kept.js';
import { Marks } from './guidance-marks.js';
import { Picture, ownCapture } from './guidance-picture.js';
import { fetchPicture, keepPage, keepSnapshot, keepStill } from './guidance-pictures.js';
import { readPositions } from './guidance-positions.js';
import { PreparedScene } from './guidance-scene.js';
import { Showing } from './guidance-showing.js';
import { preview, site } from './guidance-site.js';
import { Stills } from './guidance-stills.js';
import { Tools, toParts } from './guidance-tools.js';
import './guidance-viewer.js';

/** @typedef {import('./guidance-tools.js').Chosen} Chosen */
/** @typedef {import('./guidance-marks.js').Mark} Mark */

/** A frame on which something is drawn must not be older than 10 s when the tracker has the mark. */
export const oldest = 9000;

/** Letters of the tools. @type {Record<string, Chosen>} */
const toolKeys = { p: 'pen', a: 'arrow', c: 'circle', t: 'text', l: 'pointer' };

/** @type {Record<Mark['state'], string>} */
const told = { lost: N_('A mark by %s is lost.'), shown: N_('The mark by %s is back.'), waiting: '' };

export class GuidancePanel extends MediaPanel {
  /** @type {[string, string][]} */
  static keys = [['M', N_('Mute or unmute yourself')], ['P', N_('Pen')], ['A', N_('Arrow')], ['C', N_('Circle')], ['T', N_('Text')], ['L', N_('Pointer')],
    ['F', N_('Freeze the picture, or let it move')], ['Z', N_('Take back your last mark')], ['S', N_('Keep a snapshot')],
    ['V', N_('Ask for a full picture')], ['D', N_('Show a document at the patient’s side')]];
  static role = (/** @type {any} */ session, /** @type {any} */ me) => (me && session.host === me.hub && me.roles.some((/** @type {string} */ one) => one !== 'desk')
    ? 'site' : 'expert');
  static properties = { ...MediaPanel.properties, typing: { state: true } };

  constructor() {
    super();
    this.rules = /^(rtc|consent|guidance|worker)\//;
    this.marks = new Marks();
    this.marks.addEventListener('change', () => this.marksChanged());
    this.marks.addEventListener('refuse', (event) => this.refused(/** @type {CustomEvent} */ (event).detail));
    this.marks.addEventListener('told', (event) => this.speakOf(/** @type {CustomEvent} */ (event).detail));
    this.readback = new Readback();
    this.readback.addEventListener('change', () => this.requestUpdate());
    this.readback.addEventListener('refuse', (event) => this.refused(/** @type {CustomEvent} */ (event).detail));
    this.readback.addEventListener('asked', (event) => this.wasAsked(/** @type {CustomEvent} */ (event).detail));
    /** The address of the partner's desk, where this is a demonstration. */
    this.partner = '';
    this.stills = new Stills({
      fetch: async (id) => {
        const image = await fetchPicture(this.session.id, id);
        await this.untilFree();
        return image;
      },
      coming: (still) => this.stillComes(still),
      opened: () => announce(_('The full picture is here.')),
      failed: (still, late) => this.stillFailed(still, late),
      refused: (refusal) => this.refused(refusal),
    });
    this.stills.addEventListener('change', () => this.requestUpdate());
    this.showing = new Showing({
      fetch: (id, signal) => fetchPicture(this.session.id, id, signal),
      seen: ({ id, title }, page) => {
        if (!this.isSite)
          return;
        announce(_('A document is shown: %s', title));
        this.tellDocument({ type: 'see', id, page });
      },
    });
    this.showing.addEventListener('change', () => this.requestUpdate());
    this.showing.addEventListener('begin', () => {
      this.showing.want(this.isSite);
      // Put away there, or another is shown: the rest of it is not sent.
      if (this.sending?.done && this.showing.document?.id !== this.sending.id)
        this.sending.cancel();
    });
    this.showing.addEventListener('refuse', (event) => this.refused(/** @type {CustomEvent} */ (event).detail));
    /** A document that this page is sending. @type {Sending | null} */
    this.sending = null;
    /** Ids of those that this page is sending. @type {Set<string>} */
    this.giving = new Set();
    /** The hospital's checklists. @type {import('./guidance-checklist.js').Text[]} */
    this.library = [];
    /** The id of the one that is to be opened. */
    this.chosenList = '';
    /** @type {Picture | null} */
    this.picture = null;
    /** @type {Tools | null} */
    this.tools = null;
    /** Where a text is being written. @type {{points: [number, number][], capture: number} | null} */
    this.typing = null;
    /** Whether a snapshot is being kept. */
    this.keeping = false;
    /** The prepared scene, where it is shown instead of a camera's. @type {PreparedScene | null} */
    this.prepared = null;
  }

  /** What the worker declared (guidance-modality.h). */
  declared() {
    return {
      sources: { microphone: { voice: true, bitrate: 32_000 }, scene: { shared: true, bitrate: 2_500_000 }, camera: { bitrate: 500_000 } },
      channels: { marks: {}, checklist: {}, still: {}, document: {}, pointer: { once: true }, positions: { once: true, binary: true } },
    };
  }

  makeDevices() {
    return new Devices({ picture: 'scene', memory: 'karez.guidance.devices', video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 }, facingMode: { ideal: 'environment' } } });
  }

  get isSite() {
    return this.participant?.role === 'site';
  }

  /** Whether this page shows the scene, or would once it has joined. */
  get showsScene() {
    return this.participant ? this.isSite : GuidancePanel.role(this.session, state.me) === 'site';
  }

  get isExpert() {
    return this.participant?.role === 'expert';
  }

  /** The account that this page's marks are of. */
  get account() {
    return state.me?.id ?? '';
  }

  /** Whose colour this page has. */
  get author() {
    const { name = '', hospital = '' } = this.participant ?? {};
    return { name, hospital };
  }

  begin() {
    super.begin();
    const { client } = this;
    client?.channels.addEventListener('message', (event) => this.hear(/** @type {CustomEvent} */ (event).detail));
    client?.channels.addEventListener('change', () => {
      if (!client.channels.isOpen('marks'))
        this.marks.forget();
      if (!client.channels.isOpen('checklist'))
        this.readback.forget();
      if (!client.channels.isOpen('document'))
        this.showing.forget();
      this.requestUpdate();
    });
    this.picture = new Picture(this.marks, { lost: !this.isSite });
    this.picture.addEventListener('change', () => this.requestUpdate());
    if (this.isExpert) {
      const tools = new Tools(this.picture, () => this.author);
      tools.addEventListener('draw', (event) => this.drawn(/** @type {CustomEvent} */ (event).detail));
      tools.addEventListener('point', (event) => this.pointAt(/** @type {CustomEvent} */ (event).detail));
      this.tools = tools;
      api.get('/x/guidance/checklists').then(({ items }) => { this.library = items; this.requestUpdate(); }, toastProblem);
    }
  }

  close() {
    super.close();
    this.picture?.close();
    this.picture = this.tools = this.typing = null;
    this.marks.forget();
    this.readback.forget();
    this.showing.forget();
    this.sending?.cancel();
    this.stills.forget();
  }

  /** Only the site has a camera; everybody has a microphone. */
  own() {
    const { scene, microphone } = this.devices.tracks;
    return { microphone, scene: this.isSite ? scene : null };
  }

  /** The devices that this page is to have. */
  wanted() {
    return this.showsScene ? ['scene', 'microphone'] : ['microphone'];
  }

  /** A message of a channel. @param {{label: string, data: unknown}} message */
  hear({ label, data }) {
    if (label === 'marks')
      this.marks.take(/** @type {string} */ (data), ticks());
    else if (label === 'checklist')
      this.readback.take(/** @type {string} */ (data));
    else if (label === 'still')
      this.takeStillMessage(/** @type {string} */ (data));
    else if (label === 'document')
      this.showing.take(/** @type {string} */ (data));
    else if (label === 'positions') {
      const positions = readPositions(data);
      if (positions?.capture)
        this.picture?.takePositions(positions);
    } else if (label === 'pointer') {
      const { participant, x, y } = JSON.parse(/** @type {string} */ (data));
      const one = this.people().find(({ id }) => id === participant);
      if (one)
        this.picture?.point(participant, { at: x === undefined ? null : [x, y], name: one.name, hospital: one.hub });
    }
  }

  marksChanged() {
    this.picture?.paint();
    this.requestUpdate();
  }

  /** @param {{message: string, rule: string, accepted: string | null}} refusal */
  refused({ message, rule, accepted }) {
    toastProblem(new Problem({ status: 0, title: _(message), rule, accepted: accepted ? _(accepted) : undefined }));
  }

  /** @param {{mark: Mark, state: Mark['state']}} detail */
  speakOf({ mark, state: now }) {
    announce(_(told[now], mark.name));
  }

  /** @param {Record<string, unknown>} message */
  tell(message) {
    const sent = this.client?.channels.send('marks', JSON.stringify(message)) ?? false;
    if (!sent)
      toast(_('It was not drawn: the connection is away. Draw it again once it is back.'));
    return sent;
  }

  /** @param {Record<string, unknown>} change @param {number} busy */
  tellChecklist(change, busy) {
    if (this.client?.channels.send('checklist', JSON.stringify(change)))
      this.readback.busy = busy;
    else
      toast(_('It was not sent: the connection is away. Try again once it is back.'));
    this.requestUpdate();
  }

  openChecklist() {
    const text = this.library.find((one) => one.id === this.chosenList) ?? this.library[0];
    if (text)
      this.tellChecklist({ type: 'open', id: newId(), checklist: text }, -1);
  }

  closeChecklist() {
    this.tellChecklist({ type: 'close', id: this.readback.id }, -1);
  }

  /** @param {number} item */
  askItem(item) {
    this.tellChecklist({ type: 'ask', id: this.readback.id, item }, item);
  }

  /** @param {number} item */
  confirmItem(item) {
    this.tellChecklist({ type: 'confirm', id: this.readback.id, item }, item);
  }

  /** @param {Record<string, string>} text */
  wasAsked(text) {
    if (this.isSite)
      sayAsked(text);
  }

  /** @param {{tool: Chosen, points: [number, number][], capture: number}} mark */
  drawn({ tool, points, capture }) {
    if (tool === 'text') {
      this.typing = { points, capture };
      void this.updateComplete.then(() => /** @type {HTMLElement | null} */ (this.querySelector('#guidance-text'))?.focus());
    } else
      this.add(tool, points, capture, '');
  }

  /** @param {Chosen} tool @param {[number, number][]} points @param {number} capture @param {string} text */
  add(tool, points, capture, text) {
    this.tell({ type: 'add', id: newId(), tool, capture: Math.round(capture * 1000), points: toParts(points), ...(text ? { text } : {}) });
  }

  /** @param {string} text '' where nothing is to be written */
  typed(text) {
    const { typing } = this;
    this.typing = null;
    if (typing && text)
      this.add('text', typing.points, typing.capture, text);
    this.tools?.cancel();
    this.picture?.canvas.focus();
  }

  /** @param {[number, number] | null} at */
  pointAt(at) {
    const { client, participant } = this;
    client?.channels.send('pointer', JSON.stringify(at ? { x: at[0], y: at[1] } : {}));
    if (participant)
      this.picture?.point(participant.id, { at, ...this.author });
  }

  async snapshot() {
    this.keeping = true;
    this.requestUpdate();
    try {
      const snapshot = await this.picture?.snapshot();
      if (snapshot) {
        await keepSnapshot(this.session.id, snapshot);
        toast(_('The snapshot is kept.'));
      }
    } catch (error) {
      toastProblem(error);
    }
    this.keeping = false;
    this.requestUpdate();
  }

  /** @param {string} text */
  takeStillMessage(text) {
    const { type, id } = JSON.parse(text);
    if (this.isSite && type === 'take')
      void this.giveStill(id);
    else
      this.stills.take(text, hubNow());
  }

  /** An expert asks for a picture in full resolution. */
  askStill() {
    const { client, participant, stills } = this;
    if (stills.waiting || !participant || !may('guidance.picture.read'))
      return;
    const id = newId();
    if (client?.channels.send('still', JSON.stringify({ type: 'ask', id }))) {
      stills.add(id, participant.id, true, hubNow());
      announce(_('A full picture is asked for.'));
    } else
      toast(_('It was not asked for: the connection is away. Try again once it is back.'));
  }

  /** The picture is not taken away from under a pen, or from who writes on it. */
  async untilFree() {
    while (this.typing || (this.tools?.drawing ?? null) !== null)
      await new Promise((done) => setTimeout(done, 100));
  }

  /** @param {import('./guidance-stills.js').Still} still */
  stillComes({ own, by }) {
    announce(own ? _('The full picture is on its way.') : _('A full picture that %s asked for is on its way.', this.nameOf(by)));
  }

  /** @param {import('./guidance-stills.js').Still} still @param {boolean} late */
  stillFailed({ own }, late) {
    if (own)
      toast(late ? _('The full picture has not come. Ask again; one that comes later is kept with the pictures of the session.')
        : _('The page at the patient’s side could not send a full picture. Ask again.'), { bad: true });
  }

  closeStill() {
    this.stills.shut();
    announce(_('The live picture.'));
    void this.updateComplete.then(() => this.picture?.canvas.focus({ preventScroll: true }));
  }

  /** @param {Record<string, unknown>} change */
  tellDocument(change) {
    return this.client?.channels.send('document', JSON.stringify(change)) ?? false;
  }

  /** Opens the browser's choice of files. */
  chooseDocument() {
    if (!this.sending && may('guidance.picture.write'))
      /** @type {HTMLInputElement | null} */ (this.querySelector('#guidance-document'))?.click();
  }

  /** Files were chosen: they are looked at before anything leaves. @param {File[]} files */
  async showDocument(files) {
    try {
      this.sending = new Sending(files);
      this.requestUpdate();
      await this.sending.prepare();
      await this.updateComplete;
    } catch (error) {
      this.dropDocument();
      this.documentFailed(error);
    }
    this.requestUpdate();
    await this.updateComplete;
    /** @type {HTMLElement | null} */ (this.querySelector('.guidance-chosen .button'))?.focus();
  }

  dropDocument() {
    this.sending = null;
    this.requestUpdate();
    void this.updateComplete.then(() => this.picture?.canvas.focus({ preventScroll: true }));
  }

  /** @param {unknown} error */
  documentFailed(error) {
    toast(_('The document could not be sent: %s', error instanceof Error ? error.message : String(error)), { bad: true });
  }

  /** Shows it at the patient's side: page by page, each of which is kept with the session. @param {Sending} sending */
  async sendDocument(sending) {
    const { session } = this;
    const { id, title, ids: pages } = sending;
    const run = sending.run((page, blob, caption) => keepPage(session.id, page, blob, caption), () => {
      if (sending.done === 1 && !this.tellDocument({ type: 'show', id, title, pages }))
        throw new Error(_('the connection is away'));
      this.requestUpdate();
    });
    this.requestUpdate();
    await run.catch((error) => {
      sending.cancel();
      this.documentFailed(error);
    });
    // What is not whole is not left there.
    if (sending.cancelled && this.showing.document?.id === id)
      this.hideDocument();
    this.dropDocument();
  }

  /** @param {number} page */
  turnDocument(page) {
    const { document: shown } = this.showing;
    if (shown && !this.tellDocument({ type: 'turn', id: shown.id, page }))
      toast(_('It was not sent: the connection is away. Try again once it is back.'));
  }

  /** It is put away, here and there. */
  hideDocument() {
    const { document: shown } = this.showing;
    this.sending?.cancel();
    if (shown && !this.tellDocument({ type: 'hide', id: shown.id }))
      toast(_('It was not sent: the connection is away. Try again once it is back.'));
  }

  /** Who is at the patient's side puts it away for all; an expert just looks at the live picture again. */
  leaveDocument() {
    if (this.isSite)
      this.hideDocument();
    else
      this.showing.want(false);
    announce(_('The live picture.'));
    void this.updateComplete.then(() => this.picture?.canvas.focus({ preventScroll: true }));
  }

  /** This page has the camera: takes the picture and sends it, beside all else. @param {string} id */
  async giveStill(id) {
    const { devices, picture, giving } = this;
    if (giving.has(id))
      return;
    const tell = (/** @type {string} */ type) => this.client?.channels.send('still', JSON.stringify({ type, id }));
    giving.add(id);
    try {
      const taken = hubNow();
      const track = !this.quiet() && devices.isOn('scene') ? devices.tracks.scene : null;
      const blob = track && picture ? await takeStill(track, picture.video, devices.prepared) : null;
      if (!blob)
        throw new Error(_('The camera gives no picture.'));
      tell('coming');
      toast(_('A full picture is sent to the experts.'));
      await keepStill(this.session.id, id, blob, taken);
    } catch (error) {
      tell('failed');
      toast(_('The full picture could not be sent: %s', error instanceof Error ? error.message : String(error)));
    }
    giving.delete(id);
  }

  /** A participant's. @param {string} participant */
  nameOf(participant) {
    return this.people().find(({ id }) => id === participant)?.name ?? '';
  }

  undo() {
    const last = this.marks.own(this.account).at(-1);
    if (last)
      this.tell({ type: 'remove', id: last.id });
  }

  clearOwn() {
    this.tell({ type: 'clear' });
  }

  /** @param {Chosen} tool */
  choose(tool) {
    this.tools?.choose(tool);
    this.requestUpdate();
  }

  freeze() {
    const { picture } = this;
    if (!picture)
      return;
    this.typing = null;
    this.tools?.cancel();
    if (picture.frozen)
      picture.thaw();
    else
      picture.freeze();
    announce(picture.frozen ? _('The picture stands still.') : _('The picture moves.'));
    this.requestUpdate();
  }

  full() {
    void (document.fullscreenElement ? document.exitFullscreen() : this.querySelector('.guidance')?.requestFullscreen())?.catch(() => {});
  }

  connectedCallback() {
    super.connectedCallback();
    api.get('/x/guidance/demonstration').then(({ partner = '' }) => { this.partner = partner; this.requestUpdate(); }, () => {}); // nothing depends on it
    const full = () => this.requestUpdate();
    document.addEventListener('fullscreenchange', full);
    this.off.push(() => document.removeEventListener('fullscreenchange', full), live.onTouched(['guidance.picture'], () => {
      this.stills.look();
      this.showing.look();
    }),
      live.on('event', ({ event }) => {
        if (event.schema === 'guidance' && event.table === 'picture' && ['picture.receive', 'picture.send'].includes(event.action)) {
          this.stills.arrived(event.row);
          this.showing.look();
        }
      }));
  }

  /** Both hospitals' pages of this session, the patient's side first. */
  tryBoth() {
    const { availWidth, availHeight } = screen;
    const { availLeft = 0, availTop = 0 } = /** @type {any} */ (screen);
    const width = Math.floor(availWidth / 2);
    const path = `/sessions/${this.session.id}`;
    const pages = [path, `${this.partner}${path}`];
    if (this.session.host !== state.me?.hub)
      pages.reverse();
    const opened = pages.map((page, at) => open(page, `karez-guidance-${at}`, `popup,left=${availLeft + at * width},top=${availTop},width=${width},height=${availHeight}`));
    if (opened.includes(null))
      toast(_('The browser kept a window back: allow this page to open windows, then try again.'));
  }

  /** A scene that moves, for who has no camera; or the camera again. */
  async prepare() {
    const { devices } = this;
    if (devices.prepared)
      await devices.choose(devices.picture, devices.chosen[devices.picture] ?? '');
    else {
      devices.asked = true;
      this.prepared = new PreparedScene();
      devices.use(this.prepared.start());
    }
  }

  follow() {
    super.follow();
    if (this.devices.prepared)
      return;
    this.prepared?.stop();
    this.prepared = null;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const key = singleKey(event);
    const open = this.stills.open ?? this.showing.view;
    if (event.key === 'Escape' && open && !event.defaultPrevented && !(event.target instanceof HTMLInputElement) && !document.querySelector('dialog[open]')) {
      event.preventDefault();
      if (this.stills.open)
        this.closeStill();
      else
        this.leaveDocument();
    }
    if (!this.client || !key)
      return;
    if (key === 'm') {
      event.preventDefault();
      void this.toggle('microphone').then(() => announce(this.devices.isOn('microphone') ? _('Your microphone is on.') : _('Your microphone is off.')));
    } else if (this.tools && (toolKeys[key] || key === 'f' || key === 'z' || key === 's' || key === 'v' || key === 'd')) {
      event.preventDefault();
      const tool = toolKeys[key];
      if (tool)
        this.choose(tool);
      else if (key === 'f')
        this.freeze();
      else if (key === 'z')
        this.undo();
      else if (key === 'v')
        this.askStill();
      else if (key === 'd')
        this.chooseDocument();
      else
        void this.snapshot();
    }
  }

  /** Whose scene it is: the first who is here as the site. */
  shownFrom() {
    return this.people().find((one) => one.role === 'site' && (one.own || this.client?.people.get(one.id)?.tracks.scene));
  }

  updated() {
    super.updated();
    const { picture, client } = this;
    if (!picture || !client)
      return;
    const from = this.shownFrom();
    const shown = from && !from.own ? client.people.get(from.id) : null;
    if (this.isSite)
      picture.attach(this.devices.isOn('scene') ? this.devices.tracks.scene ?? null : null, ownCapture);
    else
      picture.attach(!this.quiet() && shown?.on.scene ? shown.tracks.scene ?? null : null,
        ({ rtpTimestamp }) => (from && rtpTimestamp !== undefined ? client.captureOf(from.id, 'scene', rtpTimestamp) : null));
    if (this.tools)
      this.tools.disabled = picture.age > oldest || this.marks.tracker !== true;
  }

  /** Why nobody is seen or heard; '' when people are. */
  quiet() {
    if (this.consent.consent?.state !== 'given')
      return _('Not seen or heard before consent is on record.');
    if (this.session.state === 'held')
      return _('On hold: not seen or heard.');
    return this.consent.allowed && !this.consent.withdrawn ? '' : _('Not seen or heard now.');
  }

  /** @param {Record<string, any>} body */
  receive(body) {
    const taken = super.receive(body);
    this.client?.expect(!this.quiet());
    return taken;
  }

  /** What is not as it should be, and what happens about it. @param {import('@karez/media').MediaClient} client */
  bars(client) {
    return html`${this.connectionBars(client)}${this.isSite
      ? this.deviceBars(_('The experts neither see nor hear you yet.'), _('Turn on camera and microphone'))
      : this.deviceBars(_('The others do not hear you yet.'), _('Turn on the microphone'), this.wanted())}`;
  }

  /** What the people hear. */
  voices() {
    const speaking = this.people().filter((one) => !one.own && !this.quiet() && this.client?.people.get(one.id)?.tracks.microphone);
    return html`<div hidden>${speaking.map((one) => html`<audio autoplay data-person=${one.id} data-source="microphone"></audio>`)}</div>`;
  }

  /** How good the way to the site is, in words for the experts. */
  way() {
    const from = this.shownFrom();
    const measured = from && this.client?.quality.get(from.id);
    return measured && measured.state === 'open' ? _('Delay %s ms, lost %s %%', number(Math.round(measured.rtt_ms || 0)), number((measured.loss_in || 0) * 100, 1)) : '';
  }

  room() {
    this.consent.where = this.hospital(this.session.host);
    const view = this.isSite ? site(this) : experts(this);
    return html`<div class="guidance ${this.isSite ? 'guidance-site' : 'guidance-expert'}">${this.consent}${this.client ? this.bars(this.client) : nothing}${view}${this.voices()}</div>`;
  }

  render() {
    if (!this.session || this.isOver)
      return nothing;
    if (this.client && this.isRunning)
      return this.room();
    return preview(this);
  }
}

customElements.define('karez-guidance-panel', GuidancePanel);
