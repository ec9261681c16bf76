extension WebFiles {
    /// Sources/ServerCore/Web/Files/arena/dom.js, as `scripts/embed` found it.
    static let arenaDomJs = WebFile(
        ##"""
        // What every part of the page does with the document. What others have written enters it as text only.

        export const element = (id) => document.getElementById(id);

        /** A new element with properties, and children that are elements or texts. */
        export function make(tag, properties = {}, ...children) {
          const made = Object.assign(document.createElement(tag), properties);
          made.append(...children);
          return made;
        }

        /** Changes a text only where it is another one: screen readers read changes. */
        export function setText(target, text) {
          if (target.textContent !== text) target.textContent = text;
        }

        """##,
        type: "text/javascript")
}
