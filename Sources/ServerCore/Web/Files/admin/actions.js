// What can be done from the panel (protocol/spec/admin.md §4.2): for whom it is, what is asked before, and what is sent.

const SECONDS = { name: "seconds", kind: "number", min: 1 };
const HOUR = 3600;

/**
 * By name: `verb`, `role`, the `title` of the button, the `question` asked before, `fields` besides the reason, and `fixed` data.
 * What cannot be taken back is `isDestructive`; the reason of what no player feels is for the audit log alone, `isSilent`.
 */
export const ACTIONS = {
  kick: {
    verb: "kick", role: "moderator", title: "Kick", isDestructive: true,
    question: ({ name }) => `Throw ${name} out of the lobby?`,
  },
  ban: {
    verb: "ban", role: "moderator", title: "Ban", isDestructive: true, question: ({ name }) => `Keep ${name} out?`,
    fields: [
      { ...SECONDS, label: "For so many seconds; empty: as long as the lobby lives, or for ever", max: 315360000, value: HOUR },
      { name: "everywhere", kind: "check", label: "From all lobbies" },
    ],
  },
  "ban-other": {
    verb: "ban", role: "moderator", title: "Ban someone", isDestructive: true, question: () => "Keep whom out of all lobbies?",
    fields: [
      { name: "subject", label: "Subject" }, { name: "address", label: "Or an address" },
      { ...SECONDS, label: "For so many seconds; empty: for ever", max: 315360000 },
    ],
  },
  unban: { verb: "unban", role: "moderator", title: "Let in again", isSilent: true, question: ({ name }) => `Let ${name} in again?` },
  "end-session": {
    verb: "end-session", role: "moderator", title: "End", isDestructive: true,
    question: ({ name }) => `End the connection of ${name}? A seat is kept for a while, as for anybody who is lost.`,
  },
  mute: {
    verb: "mute", role: "moderator", title: "Mute", question: ({ name }) => `May ${name} not talk?`,
    fields: [{ ...SECONDS, label: "For so many seconds; 0 ends it", min: 0, max: 86400, value: 600, isRequired: true }],
  },
  message: {
    verb: "message", role: "moderator", title: "Message", question: ({ name }) => `Say something to ${name ?? "everybody in all lobbies"}`,
    fields: [{ name: "text", label: "Text", isRequired: true, max: 256 }],
  },
  lock: {
    verb: "lock", role: "moderator", title: "Lock", isSilent: true, fixed: { locked: true },
    question: ({ name }) => `Let nobody new into ${name}?`,
  },
  unlock: {
    verb: "lock", role: "moderator", title: "Unlock", isSilent: true, fixed: { locked: false },
    question: ({ name }) => `Let players into ${name} again?`,
  },
  pause: {
    verb: "pause", role: "moderator", title: "Pause", fixed: { paused: true }, question: ({ name }) => `Hold ${name} for all who play there, until it is let go on?`,
  },
  resume: { verb: "pause", role: "moderator", title: "Go on", fixed: { paused: false }, question: ({ name }) => `Let ${name} go on?` },
  step: {
    verb: "step", role: "moderator", title: "Step", isSilent: true, question: ({ name }) => `Let ${name} run some steps`,
    fields: [{ name: "steps", kind: "number", label: "Steps", min: 1, max: 1000, value: 1, isRequired: true }],
  },
  clear: {
    verb: "clear", role: "moderator", title: "Clear", isDestructive: true,
    question: ({ name }) => `Throw everybody out of ${name}, which stays open?`,
  },
  close: {
    verb: "close-lobby", role: "moderator", title: "Close", isDestructive: true,
    question: ({ name }) => `End ${name} for all who play there?`,
  },
  season: {
    verb: "season", role: "admin", title: "Begin a season", isSilent: true,
    question: ({ name }) => `Count results for another season than ${name ? `“${name}”` : "none"}?`,
    fields: [{ name: "season", label: "Its name; empty for none", max: 64, isWhole: true }],
  },
  drain: {
    verb: "drain", role: "admin", title: "Drain the server", isDestructive: true,
    question: () => "Take no new players, and end the server when those who play have gone? This cannot be taken back.",
  },
};

/**
 * What is sent: who or what it is about, what is fixed, and what was typed, by the fields' names and `reason`. What was left empty is
 * left out, unless nothing is as good an answer as any: `isWhole`.
 */
export function actionData({ fixed = {}, fields = [] }, target, typed) {
  const data = { ...target, ...fixed };
  for (const { name, kind, isWhole } of [...fields, { name: "reason" }]) {
    const value = typed[name];
    if (kind === "check") {
      if (value) data[name] = true;
    } else if (value !== undefined && (isWhole || String(value).trim() !== "")) data[name] = kind === "number" ? Number(value) : value.trim();
  }
  return data;
}
