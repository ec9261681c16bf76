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
        const enter = () => socket.emit("enter", { name: at("name").value, room: at("room").value }, answer => {
          show(answer.refusal ?? `here: ${answer.names.join(", ")}`);
          at("mouth").hidden = Boolean(answer.refusal);
        });
        at("door").onsubmit = event => { event.preventDefault(); enter(); };
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
        socket.on("kicked", () => show("you were thrown out"));
        socket.on("disconnect", reason => show(`disconnected: ${reason}`));
        socket.io.on("reconnect", () => at("name").value && enter());
      };
      window.io ? play(io()) : show("No client: without a network, start the chat with CHAT_CLIENT=FOLDER, where socket.io.min.js lies.");
    </script>
    """
}
