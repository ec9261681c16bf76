/// The page, with the official client: this server's own where it is offline.
func page(isOffline: Bool) -> String {
    """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8"><meta name="viewport" content="width=device-width">
    <title>Chat</title>
    <style>
      body { font: 16px system-ui; max-width: 40rem; margin: 1rem auto; padding: 0 1rem; color-scheme: light dark }
      #lines { min-height: 12rem; border: 1px solid #8888; padding: .5rem; list-style: none }
      input { font: inherit; padding: .3rem } #typing { min-height: 1.5em; opacity: .7 }
    </style>
    <h1>Chat</h1>
    <form id="door"><label>Name <input id="name" required maxlength="20"></label>
      <label>Room <input id="room" value="lobby" required maxlength="20"></label> <button>Enter</button></form>
    <ul id="lines" aria-live="polite"></ul>
    <p id="typing"></p>
    <form id="mouth" hidden><label>Say <input id="text" maxlength="500" autocomplete="off"></label> <button>Send</button></form>
    <script src="\(isOffline ? "/socket.io" : "https://cdn.socket.io/4.8.1")/socket.io.min.js"></script>
    <script>
      const at = id => document.getElementById(id), typists = new Set();
      const show = text => at("lines").append(Object.assign(document.createElement("li"), { textContent: text }));
      const play = socket => {
        // Who and where one is, once one is in.
        let entry = null;
        const enter = wanted => socket.emit("enter", wanted, answer => {
          show(answer.refusal ?? `here: ${answer.names.join(", ")}`);
          if (!answer.refusal) entry = wanted;
          at("mouth").hidden = !entry;
        });
        at("door").onsubmit = event => {
          event.preventDefault();
          if (!socket.active) socket.connect();
          enter({ name: at("name").value, room: at("room").value });
        };
        at("mouth").onsubmit = event => {
          event.preventDefault();
          socket.emit("say", at("text").value);
          socket.emit("typing", false);
          at("text").value = "";
        };
        at("text").oninput = () => socket.emit("typing", at("text").value !== "");
        socket.on("said", line => show(`${line.from}: ${line.text}`));
        socket.on("entered", name => show(`${name} came in`));
        socket.on("left", name => { show(`${name} left`); typists.delete(name); });
        socket.on("typing", (name, isTyping) => {
          isTyping ? typists.add(name) : typists.delete(name);
          at("typing").textContent = typists.size ? `${[...typists].join(", ")} typing …` : "";
        });
        socket.on("kicked", () => {
          entry = null;
          show("you were thrown out");
        });
        socket.on("connect", () => {
          // After a lost connection the server knows nobody any more.
          const wanted = entry;
          entry = null;
          if (wanted) enter(wanted);
        });
        socket.on("disconnect", reason => {
          show(`disconnected: ${reason}`);
          at("mouth").hidden = true;
          typists.clear();
          at("typing").textContent = "";
        });
      };
      window.io ? play(io()) : show("No client: without a network, start the chat with CHAT_CLIENT=FOLDER, where socket.io.min.js lies.");
    </script>
    """
}
