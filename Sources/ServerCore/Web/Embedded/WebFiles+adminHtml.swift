extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin.html, as `scripts/embed` found it.
    static let adminHtml = WebFile(
        ##"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <title>Muster admin</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/admin.css">
        <script type="module" src="/admin.js"></script>
        </head>
        <body>
        <main id="login" hidden>
          <h1>Muster admin</h1>
          <p id="login-notice" role="alert"></p>
          <form id="login-form">
            <label>Name <input id="username" autocomplete="username" autocapitalize="none" maxlength="128" required></label>
            <label>Password <input id="password" type="password" autocomplete="current-password" required></label>
            <button id="login-button" class="main">Log in</button>
          </form>
          <noscript>The panel needs JavaScript. In a terminal there is <code>muster monitor</code>.</noscript>
        </main>

        <div id="panel" hidden>
          <header>
            <strong>Muster</strong>
            <nav id="nav" aria-label="Pages"></nav>
            <span id="user"></span>
            <button id="theme" type="button">Theme</button>
            <button id="keys" type="button" aria-label="Keys" title="Keys">?</button>
            <button id="logout" type="button">Log out</button>
          </header>
          <p id="banner" role="alert" hidden></p>
          <div id="now"></div>
          <main id="page" tabindex="-1"></main>
        </div>

        <div id="toasts" role="status" aria-live="polite"></div>
        <dialog id="act"></dialog>
        <dialog id="help" aria-labelledby="help-title">
          <h2 id="help-title">Keys</h2>
          <dl id="help-keys"></dl>
          <form method="dialog"><button>Close</button></form>
        </dialog>
        </body>
        </html>

        """##,
        type: "text/html")
}
