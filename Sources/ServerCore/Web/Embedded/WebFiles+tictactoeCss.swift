extension WebFiles {
    /// Sources/ServerCore/Web/Files/tictactoe.css, as `scripts/embed` found it.
    static let tictactoeCss = WebFile(
        ##"""
        :root { color-scheme: light dark; }
        body { max-width: 24rem; margin: 2rem auto; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; text-align: center; }
        #status { min-height: 1.5em; }
        #board { display: grid; grid-template-columns: repeat(3, 1fr); gap: .4rem; max-width: 50vh; margin: 0 auto; }
        #board button { aspect-ratio: 1; padding: 0; font-size: min(4rem, 18vw); line-height: 1; color: inherit;
          background: #8881; border: 1px solid #8888; border-radius: .5rem; cursor: pointer; }
        #board button:disabled { cursor: default; }
        #board button.won { background: #2e9e5b55; }
        #link { overflow-wrap: anywhere; }

        """##,
        type: "text/css")
}
