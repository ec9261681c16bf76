extension WebFiles {
    /// Sources/ServerCore/Web/Files/page.css, as `scripts/embed` found it.
    static let pageCss = WebFile(
        ##"""
        :root {
          color-scheme: light dark;
          --back: #f6f7f9; --text: #1c2330; --quiet: #5a6474; --line: #d5dae2;
          --accent: #2057c7; --on-accent: #fff;
          --floor: #ffffff; --grid: #eef1f5; --wall: #8b96a8; --health: #23874c; --ammo: #b06f00; --bad: #c22f2f;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --back: #11151c; --text: #e4e8ef; --quiet: #9aa5b6; --line: #2c3544;
            --accent: #7aa5ff; --on-accent: #0d1320;
            --floor: #191f2a; --grid: #1f2733; --wall: #4a566a; --health: #4cc27e; --ammo: #eeb34a; --bad: #ff7a7a;
          }
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body {
          margin: 0; background: var(--back); color: var(--text);
          font: 16px/1.5 system-ui, sans-serif; -webkit-text-size-adjust: 100%;
        }
        h1 { margin: 0; font-size: 1.75rem; }
        h2 { margin: 2rem 0 .5rem; font-size: 1.1rem; }
        a { color: var(--accent); }
        form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: 1rem 0; }
        label { flex: 1 1 12rem; font-size: .875rem; color: var(--quiet); }
        input, button {
          font: inherit; color: inherit;
          border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .75rem;
        }
        input { display: block; width: 100%; margin-top: .25rem; font-size: 1rem; color: var(--text); background: var(--floor); }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        button { cursor: pointer; background: var(--floor); color: var(--text); }
        button:disabled { cursor: default; opacity: .6; }
        button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
        fieldset { flex-basis: 100%; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; padding: 0; border: 0; }
        legend { padding: 0; font-size: .875rem; color: var(--quiet); }
        fieldset label { flex: 0 1 auto; font-size: 1rem; color: var(--text); }
        fieldset input { display: inline-block; width: auto; margin: 0 .4rem 0 0; }
        .check { flex-basis: 100%; }
        .check input, input[type=range] { display: inline-block; width: auto; margin: 0 .4rem 0 0; }
        summary { cursor: pointer; font-weight: 600; }
        ul, ol { list-style: none; margin: 0; padding: 0; }

        #menu { max-width: 36rem; margin: 0 auto; padding: 2rem 1rem; }
        #play { flex: 1 1 8rem; overflow: hidden; text-overflow: ellipsis; }
        #lobbies li { display: flex; gap: .5rem; margin-bottom: .5rem; }
        #lobbies button:first-child { display: flex; flex: 1; gap: 1rem; min-width: 0; text-align: left; }
        #lobbies .title { flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; font-weight: 600; }
        #none, #lobbies .game, #lobbies .room { color: var(--quiet); }
        #notice { color: var(--bad); margin: 0; }
        #notice:empty { display: none; }

        #game { display: grid; height: 100vh; height: 100dvh; grid: auto 1fr / 1fr 19.5rem; }
        header { grid-column: 1 / 3; display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: center; padding: .4rem .75rem; }
        header button, aside button { padding: .2rem .6rem; }
        #title { max-width: 16rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        #state { flex: 1; text-align: right; color: var(--quiet); }
        #state.bad { color: var(--bad); }
        #vitals, #figures, #scores td { font-variant-numeric: tabular-nums; }
        #field { position: relative; min-height: 0; }
        #canvas { position: absolute; inset: 0; width: 100%; height: 100%; cursor: crosshair; touch-action: none; }
        #canvas:focus-visible { outline-width: 1px; outline-offset: -1px; }
        #banner {
          position: absolute; inset: 40% 0 auto; margin: 0 auto; width: fit-content; max-width: 90%; padding: .75rem 1.25rem;
          text-align: center; background: var(--back); border: 1px solid var(--bad); border-radius: .5rem;
        }
        #banner p { margin: 0 0 .5rem; }
        #banner p:last-child { margin: 0; }
        #toast {
          position: absolute; inset: auto 0 1rem; margin: 0 auto; width: fit-content; max-width: 90%; padding: .3rem .9rem;
          background: var(--back); border: 1px solid var(--line); border-radius: 1rem;
        }
        #toast:empty { display: none; }
        #feed { position: absolute; inset: .5rem .75rem auto auto; text-align: right; font-size: .85rem; pointer-events: none; }
        #feed li { margin-bottom: .15rem; padding: 0 .4rem; background: color-mix(in srgb, var(--back) 75%, transparent); border-radius: .3rem; }

        aside { overflow-y: auto; padding: 0 .75rem .75rem; font-size: .875rem; }
        aside details { margin-bottom: .75rem; padding: .5rem .75rem; background: var(--floor); border: 1px solid var(--line); border-radius: .5rem; }
        #match {
          position: absolute; inset: 1rem 0 auto; margin: 0 auto; width: fit-content; min-width: 16rem; max-width: 92%;
          max-height: calc(100% - 2rem); overflow-y: auto; padding: .75rem 1rem; text-align: center;
          background: color-mix(in srgb, var(--back) 92%, transparent); border: 1px solid var(--line); border-radius: .5rem;
        }
        #match h2 { margin: 0 0 .25rem; }
        #match h3 { margin: 0; font-size: 1rem; }
        #match p { margin: .25rem 0; }
        #match p:empty { display: none; }
        #match .count { font-size: 3rem; line-height: 1; font-weight: 700; }
        #match .teams { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; justify-content: center; text-align: left; }
        #match .teams > * { flex: 1 1 9rem; }
        #match li { display: flex; align-items: baseline; overflow-wrap: anywhere; }
        #match li span:last-child { margin-left: auto; padding-left: .75rem; color: var(--health); }
        #match button { margin: .15rem .15rem; }
        #match [aria-pressed=true] { border-color: var(--accent); color: var(--accent); }
        table { width: 100%; border-collapse: collapse; }
        th { text-align: left; font-weight: normal; color: var(--quiet); }
        th:last-child, td:last-child { text-align: right; }
        td:first-child { max-width: 11rem; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        tr.team th { padding-top: .25rem; color: var(--text); font-weight: 600; }
        tr.me { font-weight: 600; }
        tr.away { opacity: .5; }
        .dot { display: inline-block; width: .7em; height: .7em; margin-right: .4em; border-radius: 50%; vertical-align: baseline; }
        #chat-lines { height: 6.5rem; overflow-y: auto; overflow-wrap: anywhere; }
        #chat-lines .who { font-weight: 600; }
        #chat-lines .aside { color: var(--quiet); }
        #chat-form { margin: .5rem 0 0; }
        #chat-form label { display: flex; gap: .5rem; align-items: center; }
        #chat-form input { margin: 0; padding: .25rem .5rem; }
        dl { display: grid; grid-template-columns: 1fr auto; margin: .25rem 0; }
        dt { color: var(--quiet); }
        dd { margin: 0; text-align: right; }
        #plot { display: block; width: 100%; height: 4.5rem; border: 1px solid var(--line); border-radius: .25rem; }
        .key { margin: .25rem 0; color: var(--quiet); }
        .key span { display: inline-block; margin-right: .4em; white-space: nowrap; }
        .key span::before { content: ""; display: inline-block; width: .8em; height: .2em; margin: 0 .3em .25em 0; background: var(--accent); }
        .key .age::before { background: var(--ammo); }
        .key .off::before { background: var(--bad); }
        #net label { display: block; margin: .5rem 0; }
        #net output { color: var(--text); }
        input[type=range] { width: 100%; padding: 0; accent-color: var(--accent); }
        #help { margin: 0; color: var(--quiet); }
        @media (pointer: coarse) { #help .keys { display: none; } }
        @media not (pointer: coarse) { #help .thumbs { display: none; } }

        dialog form { margin: 0; }
        dialog p { flex-basis: 100%; margin: 0; }
        dialog { color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: .5rem; }
        /* The first in the document is what Enter does. */
        dialog menu { display: flex; flex-direction: row-reverse; gap: .5rem; margin: 0; padding: 0; }

        @media (max-width: 46rem) {
          #game { height: auto; min-height: 100dvh; grid: auto 58dvh auto / 1fr; }
          header { grid-column: 1; }
          aside { padding: .75rem; }
          #vitals, #state { flex-basis: 100%; order: 1; text-align: left; }
          #leave { margin-left: auto; }
          #feed { inset: auto .75rem .5rem auto; }
          #toast { inset: auto 0 7.5rem; }
          #state:empty { display: none; }
        }
        @media (prefers-reduced-motion: no-preference) {
          #banner { animation: appear .15s ease-out; }
          @keyframes appear { from { opacity: 0; } }
        }

        """##,
        type: "text/css")
}
