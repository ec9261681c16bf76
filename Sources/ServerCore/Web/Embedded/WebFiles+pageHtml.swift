extension WebFiles {
    /// Sources/ServerCore/Web/Files/page.html, as `scripts/embed` found it.
    static let pageHtml = WebFile(
        ##"""
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
          <p>A multiplayer game session server. It is running, and this page plays its game <em>arena</em>.
            There is <a href="/tictactoe">tictactoe</a>, too.</p>
          <form id="form">
            <fieldset>
              <legend>Game</legend>
              <label><input type="radio" name="game" value="arena" checked> Everyone for themselves</label>
              <label><input type="radio" name="game" value="team-arena"> Match of two teams</label>
            </fieldset>
            <label>Your name
              <input id="name" maxlength="32" autocomplete="nickname" value="player"></label>
            <button id="play" class="main">Play now</button>
          </form>
          <p id="notice" role="alert"></p>
          <h2 id="open">Open lobbies</h2>
          <ul id="lobbies" aria-labelledby="open"></ul>
          <p id="none">None yet. <em>Play now</em> opens one.</p>
          <form id="code-form">
            <label>Code of a lobby
              <input id="code" maxlength="64" pattern="[A-Za-z0-9._\-]+" required autocomplete="off" autocapitalize="characters"></label>
            <button>Join</button>
          </form>
          <details>
            <summary>Open a lobby of your own</summary>
            <form id="new-form">
              <label>Title <input id="title-wish" maxlength="64" autocomplete="off"></label>
              <label>Password, if it shall have one <input id="password-wish" maxlength="64" autocomplete="off"></label>
              <label class="check"><input id="private-wish" type="checkbox"> Private: found by its code alone</label>
              <button>Open it</button>
            </form>
          </details>
          <noscript>Playing needs JavaScript. The lobbies are at <a href="/api/lobbies">/api/lobbies</a>.</noscript>
        </main>

        <section id="game" aria-label="Arena" hidden>
          <header>
            <strong id="title"></strong>
            <button id="invite" type="button">Copy invitation</button>
            <span id="vitals"></span>
            <span id="state" role="status"></span>
            <button id="leave" type="button">Leave</button>
          </header>
          <div id="field">
            <canvas id="canvas" tabindex="0" aria-label="The field. WASD moves, arrow keys aim and shoot, Enter talks.">
            </canvas>
            <div id="banner" role="alert" hidden>
              <p id="banner-text"></p>
              <button id="retry" type="button">Try now</button>
            </div>
            <section id="match" aria-label="Match" hidden></section>
            <p id="toast" role="status"></p>
            <ul id="feed" aria-live="polite" aria-label="What happens"></ul>
          </div>
          <aside>
            <details open>
              <summary>Players</summary>
              <table id="scores"><thead><tr><th scope="col">Name</th><th scope="col">Points</th></tr></thead><tbody></tbody></table>
            </details>
            <details open>
              <summary>Chat</summary>
              <ol id="chat-lines" role="log" aria-label="Chat"></ol>
              <form id="chat-form"><label>Say <input id="chat-text" maxlength="256" autocomplete="off"></label></form>
            </details>
            <details id="net">
              <summary>Network</summary>
              <dl id="figures"></dl>
              <canvas id="plot" role="img" aria-label="Round trip and snapshot age over the last 30 seconds"></canvas>
              <p class="key"><span class="trip">round trip</span> <span class="age">snapshot age</span> <span class="off">corrections</span></p>
              <label>A worse line, made here: <output id="quality-text"></output>
                <input id="quality" type="range" min="0" max="5" step="1" value="0"></label>
              <button id="cut" type="button">Cut the connection</button>
            </details>
            <p id="help">
              <span class="keys">WASD moves, the mouse aims and shoots, or the arrow keys do. Enter talks. Gamepads work.</span>
              <span class="thumbs">The left thumb moves, the right one aims and shoots.</span>
            </p>
          </aside>
        </section>

        <dialog id="password-dialog" aria-labelledby="password-title">
          <form method="dialog">
            <p id="password-title">This lobby has a password.</p>
            <label>Password <input id="password" type="password" maxlength="128" autocomplete="off"></label>
            <menu><button class="main" value="join">Join</button><button value="cancel">Cancel</button></menu>
          </form>
        </dialog>
        </body>
        </html>

        """##,
        type: "text/html")
}
