extension WebFiles {
    /// Sources/ServerCore/Web/Files/page.css, as `scripts/embed` found it.
    static let style = ##"""
        :root {
          color-scheme: light dark;
          --back: #f6f7f9; --text: #1c2330; --quiet: #5d6778; --line: #d5dae2;
          --accent: #2057c7; --on-accent: #fff;
          --floor: #ffffff; --wall: #8b96a8; --health: #2e9e5b; --ammo: #d08a10; --bad: #cc3b3b;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #11151c; --text: #e4e8ef; --quiet: #97a2b4; --line: #2c3544;
            --accent: #7aa5ff; --on-accent: #0d1320;
            --floor: #191f2a; --wall: #4a566a; --health: #4cc27e; --ammo: #eeb34a; --bad: #ff7a7a;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body {
          margin: 0; background: var(--back); color: var(--text);
          font: 16px/1.5 system-ui, sans-serif; -webkit-text-size-adjust: 100%;
        }
        main { max-width: 34rem; margin: 0 auto; padding: 2rem 1rem; }
        h1 { margin: 0; font-size: 1.75rem; }
        h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
        form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin-top: 1.5rem; }
        label { flex: 1 1 10rem; font-size: .875rem; color: var(--quiet); }
        input, button {
          font: inherit; color: inherit;
          border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .75rem;
        }
        input { display: block; width: 100%; margin-top: .25rem; font-size: 1rem; color: var(--text); background: var(--floor); }
        input:focus-visible, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        button { cursor: pointer; background: var(--floor); }
        form button { flex: 1 1 8rem; background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
        ul { list-style: none; margin: 0; padding: 0; }
        li button { display: flex; gap: 1rem; width: 100%; margin-bottom: .5rem; text-align: left; }
        li button:disabled { cursor: default; opacity: .6; }
        li .id { flex: 1; overflow: hidden; text-overflow: ellipsis; font-weight: 600; }
        #none, #figures, footer, .game, .players { color: var(--quiet); }
        #notice { color: var(--bad); margin: .75rem 0 0; }
        #notice:empty { display: none; }
        #game { display: flex; flex-direction: column; height: 100vh; height: 100dvh; }
        header, footer { display: flex; gap: .25rem 1rem; align-items: center; padding: .4rem .75rem; }
        header { flex-wrap: wrap; }
        #state { flex: 1; color: var(--quiet); }
        #state.bad { color: var(--bad); }
        #vitals, #figures { font-variant-numeric: tabular-nums; }
        header button { padding: .2rem .75rem; }
        footer { justify-content: space-between; font-size: .8rem; }
        #field { flex: 1; min-height: 0; position: relative; }
        canvas { position: absolute; inset: 0; width: 100%; height: 100%; cursor: crosshair; touch-action: none; }

        """##
}
