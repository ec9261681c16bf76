extension WebFiles {
    /// Sources/ServerCore/Web/Files/page.html, as `scripts/embed` found it.
    static let markup = ##"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>Muster</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/page.css">
        <script type="module" src="/page.js"></script>
        </head>
        <body>
        <main id="menu">
          <h1>Muster</h1>
          <p>A multiplayer game session server. It is running, and this page plays its game <em>arena</em>.</p>
          <form id="form">
            <label>Your name
              <input id="name" name="name" maxlength="32" autocomplete="nickname" value="player"></label>
            <label>Lobby
              <input id="lobby" name="lobby" maxlength="64" pattern="[A-Za-z0-9._\-]+" required value="arena"></label>
            <button>Play arena</button>
            <button id="quick" type="button">Play in any lobby</button>
          </form>
          <p id="notice" role="status"></p>
          <h2>Open lobbies</h2>
          <ul id="lobbies"></ul>
          <p id="none">None yet. Playing opens one.</p>
          <noscript>Playing needs JavaScript. The lobbies are at <a href="/api/lobbies">/api/lobbies</a>.</noscript>
        </main>
        <section id="game" hidden>
          <header>
            <strong id="title"></strong>
            <span id="vitals"></span>
            <span id="state" role="status"></span>
            <button id="leave" type="button">Leave</button>
          </header>
          <div id="field"><canvas id="canvas"></canvas></div>
          <footer><span>WASD or arrows to move, mouse to aim, click to shoot</span><span id="figures"></span></footer>
        </section>
        </body>
        </html>

        """##
}
