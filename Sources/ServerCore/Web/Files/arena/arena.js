// One match of arena: a seat, others as they were a moment ago, and one's own player ahead of the server.

import { listLobbies, readLobby } from "/muster/api.js";
import { Interpolator, LobbyClient, polling, Predictor, webSocket, World } from "/muster/muster.js";
import { LobbyWatcher } from "/muster/watcher.js";
import { delayed, QUALITIES } from "/arena/link.js";
import { isJump, move } from "/arena/rules.js";

/** Positions come in steps of 1/64; what a snapshot says may be half of one off, each way. */
const TOLERANCE = 1 / 64;
/** An input that has not changed is sent again after so many ticks, and each tick while shooting: it tells what is seen. */
const REPEAT_TICKS = 6;

/**
 * Set `onState(state, text)` and `onEvent(name, data)` before `join`. States are those of LobbyClient, and "watching": of a
 * spectator, whose request has `watch`, and of whom nothing but the event stream gets through to.
 */
export class Arena {
  #interpolator = null;
  #watcher = null;
  #lastInput = "";
  #lastInputTick = 0;
  #asksNames = false;

  constructor(server, lobby, request, { only } = {}) {
    this.quality = QUALITIES[0];
    const all = [webSocket, polling].filter(({ name }) => !only || name === only);
    const transports = all.map((transport) => delayed(transport, () => this.quality));
    // Who takes up a seat, or watches, does not open a lobby where there is none any more.
    const game = request.token || request.watch ? undefined : request.game;
    this.client = new LobbyClient(server, lobby, { ...request, game }, { transports });
    [this.game, this.phase] = [request.game, undefined];
    /** Whether there is no way to play, only to watch over the event stream. */
    this.isWatching = false;
    this.onState = this.onEvent = () => {};
    /** Everyone with a seat, by its number: {seat, name, connected}. */
    this.players = new Map();
    this.predictor = new Predictor((body, input) => move(body, input, this.client.joined.tickRate), {
      fields: ["x", "y"], tolerance: TOLERANCE, snap: 3,
    });
    this.client.onState = (state, text) => this.#changed(state, text);
    this.client.onEvent = (name, data) => this.#told(name, data);
    this.client.onSnapshot = (state) => this.#shown(state);
  }

  get seat() {
    return this.client.joined && !this.#watcher ? this.client.joined.seat ?? null : null;
  }

  /** Whether inputs are taken: before and after a match there are none to take. */
  get isRunning() {
    return this.phase === undefined || this.phase === "running";
  }

  teamOf(seat) {
    return this.players.get(seat)?.team;
  }

  /** How far the display is behind, and how unevenly snapshots come, in milliseconds. */
  get display() {
    return this.#interpolator ?? { delay: 0, jitter: 0, newest: null };
  }

  join() {
    this.client.join();
  }

  leave() {
    this.#watcher?.close();
    this.client.leave();
  }

  name(seat) {
    return this.players.get(seat)?.name ?? `seat ${seat}`;
  }

  /** What to show now: the newest world's scores, everyone where they are drawn, and oneself predicted. */
  frame(now, input) {
    const world = this.#interpolator?.sample(now);
    if (!world) return null;
    this.shown = world;
    const others = world.all("player").filter(({ id }) => id !== this.seat);
    const shown = { world, newest: this.newest, players: others, own: null };
    const own = this.seat === null ? null : this.newest.get("player", this.seat);
    if (own && !this.isRunning) [shown.own, shown.players] = [own, [...others, own]];
    else if (own) {
      this.#send(now, input);
      const body = this.predictor.sample(this.client.pacer.tick, now);
      shown.own = body ? { ...own, x: body.x, y: body.y, aim: input.aim } : own;
      shown.players = [...others, shown.own];
    }
    return shown;
  }

  /** Sends the inputs that are due: all that have changed, and now and then one that has not. */
  #send(now, input) {
    const text = JSON.stringify(input);
    for (const tick of this.client.pacer.due(now)) {
      this.predictor.advance(tick, input);
      if (text === this.#lastInput && !input.fire && tick - this.#lastInputTick < REPEAT_TICKS) continue;
      [this.#lastInput, this.#lastInputTick] = [text, tick];
      this.client.input(input, { tick, seen: this.shown.tick });
    }
  }

  #changed(state, text) {
    this.predictor.stop();
    this.#lastInput = "";
    if (state === "playing") this.#watch(false);
    // Every transport has been tried, and none has got through.
    if (state === "lost" && !this.client.joined && this.client.nextTry.rounds > 0) this.#watch(true);
    if (this.isWatching) return;
    if (state === "playing" && this.client.isWatching) return this.onState("watching", behind(this.client.joined.delay));
    this.onState(state, text);
  }

  #told(name, data) {
    if (name === "joined") this.#interpolator = new Interpolator(this.client.schema, { ...data, isJump });
    if (name === "players") this.#named(data.players);
    if (name === "joined" || name === "phase") this.phase = data.phase;
    // The next game's ticks are others.
    if (name === "phase") this.predictor.stop();
    this.onEvent(name, data);
  }

  #shown(state) {
    const now = this.client.now();
    this.#interpolator.push(state, now);
    this.newest = new World(this.client.schema, state);
    const own = this.newest.get("player", this.seat);
    if (own?.health > 0 && this.isRunning) this.predictor.confirm(state.tick, { x: own.x, y: own.y });
    else this.predictor.stop();
    const ids = this.newest.ids("player");
    if (ids.length !== this.players.size || ids.some((id) => !this.players.has(id))) this.#askNames();
  }

  /** Snapshots have no names. */
  async #askNames() {
    if (this.#asksNames) return;
    this.#asksNames = true;
    const { client } = this;
    const rows = client.isWatching ? readLobby(client.server, client.lobby).then(({ seats }) => seats)
      : client.ask("players").then(({ players }) => players);
    this.#named(await rows.catch(() => null) ?? [...this.players.values()]);
    // Not with each snapshot, where somebody is between two states.
    setTimeout(() => { this.#asksNames = false; }, 500);
  }

  #named(rows) {
    this.players = new Map(rows.map((row) => [row.seat, row]));
  }

  async #watch(isOn) {
    if (isOn === Boolean(this.#watcher)) return;
    this.#watcher?.close();
    [this.#watcher, this.isWatching] = [null, false];
    if (!isOn) return;
    const watcher = this.#watcher = new LobbyWatcher(this.client.server, await this.#watchable());
    watcher.onLobby = ({ rules, seats }) => {
      this.#interpolator ??= new Interpolator(watcher.schema, { ...rules, isJump });
      this.#named(seats);
      if (!this.isWatching) this.onState("watching", "this network lets no player through");
      this.isWatching = true;
    };
    watcher.onSnapshot = (state) => {
      this.#interpolator?.push(state, this.client.now());
      this.newest = new World(watcher.schema, state);
    };
    watcher.onEnd = (text) => {
      [this.#watcher, this.#interpolator, this.isWatching] = [null, null, false];
      this.onState(this.client.nextTry.rounds > 0 ? "lost" : "over", text);
    };
    watcher.open();
  }

  /** The lobby that was asked for; the fullest, where the choice was the server's. */
  async #watchable() {
    if (!this.client.lobby.startsWith("~")) return this.client.lobby;
    const lobbies = await listLobbies(this.client.server, { game: this.game }).catch(() => []);
    return lobbies.sort((a, b) => b.players - a.players)[0]?.id ?? this.client.lobby;
  }
}

/** What somebody is told who sees the players later than they are. */
const behind = (seconds) => seconds > 0 ? `${seconds} s behind the players` : "";
