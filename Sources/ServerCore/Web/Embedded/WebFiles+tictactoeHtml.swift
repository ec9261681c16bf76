extension WebFiles {
    /// Sources/ServerCore/Web/Files/tictactoe.html, as `scripts/embed` found it.
    static let tictactoeHtml = WebFile(
        ##"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Tictactoe</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/tictactoe.css">
        <script type="module" src="/tictactoe.js"></script>
        </head>
        <body>
        <h1>Tictactoe</h1>
        <p id="status" role="status">Connecting …</p>
        <div id="board" role="group" aria-label="The board"></div>
        <p id="invite" hidden>Ask somebody to open <a id="link"></a></p>
        <p><a href="/">All games of this server</a></p>
        </body>
        </html>

        """##,
        type: "text/html")
}
