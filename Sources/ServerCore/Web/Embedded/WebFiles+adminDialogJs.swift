extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin/dialog.js, as `scripts/embed` found it.
    static let adminDialogJs = WebFile(
        ##"""
        // What is asked before something is done: its fields, and why.

        import { element, make } from "/arena/dom.js";
        import { actionData } from "./actions.js";
        import { button } from "./rows.js";

        /** The longest reason that is kept. */
        const REASON_MAX = 100;

        /**
         * Asks for what an action needs. `subject.name` is what it is about, in words.
         * @returns {Promise<?object>} the data to send, or null where it shall not be done
         */
        export function askBefore(action, subject, target) {
          const dialog = element("act");
          const fields = (action.fields ?? []).map(makeField);
          const label = action.isSilent ? "Reason, for the audit log" : "Reason, which players are told";
          const reason = makeField({ name: "reason", label, max: REASON_MAX });
          const question = make("h2", { id: "act-question", textContent: action.question(subject) });
          const form = make("form", { method: "dialog" },
            question, ...fields.map((field) => field.label), reason.label,
            make("menu", {},
              make("button", { className: action.isDestructive ? "danger" : "main", textContent: action.title }),
              button("Do not", () => dialog.close(""), { id: "act-cancel" })));
          dialog.setAttribute("aria-labelledby", "act-question");
          dialog.replaceChildren(form);
          return new Promise((done) => {
            form.onsubmit = (event) => {
              event.preventDefault();
              dialog.close("done");
            };
            dialog.onclose = () => {
              const typed = Object.fromEntries([...fields, reason].map(({ name, value }) => [name, value()]));
              done(dialog.returnValue === "done" ? actionData(action, target, typed) : null);
            };
            dialog.returnValue = "";
            dialog.showModal();
            (fields[0] ?? reason).input.focus();
          });
        }

        function makeField({ name, label, kind = "text", min, max, value = "", isRequired = false }) {
          const input = make("input", { name, autocomplete: "off", required: isRequired });
          if (kind === "check") input.type = "checkbox";
          else if (kind === "number") Object.assign(input, { type: "number", inputMode: "numeric", min, max, value });
          else Object.assign(input, { maxLength: max ?? 128, value });
          const parts = kind === "check" ? [input, ` ${label}`] : [label, input];
          return {
            name, input, label: make("label", { className: kind === "check" ? "check" : "" }, ...parts),
            value: () => kind === "check" ? input.checked : input.value,
          };
        }

        """##,
        type: "text/javascript")
}
