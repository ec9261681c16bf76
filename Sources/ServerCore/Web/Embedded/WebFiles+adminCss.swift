extension WebFiles {
    /// Sources/ServerCore/Web/Files/admin.css, as `scripts/embed` found it.
    static let adminCss = WebFile(
        ##"""
        :root {
          color-scheme: light dark;
          --back: #f6f7f9; --text: #1c2330; --quiet: #5a6474; --line: #d5dae2; --accent: #2057c7; --on-accent: #fff;
          --floor: #ffffff; --grid: #eef1f5; --wall: #8b96a8; --health: #23874c; --ammo: #996000; --bad: #c22f2f;
        }
        :root[data-theme=light] { color-scheme: light; }
        @media (prefers-color-scheme: dark) {
          :root:not([data-theme=light]) {
            --back: #11151c; --text: #e4e8ef; --quiet: #9aa5b6; --line: #2c3544; --accent: #7aa5ff; --on-accent: #0d1320;
            --floor: #191f2a; --grid: #1f2733; --wall: #4a566a; --health: #4cc27e; --ammo: #eeb34a; --bad: #ff7a7a;
          }
        }
        :root[data-theme=dark] {
          color-scheme: dark;
          --back: #11151c; --text: #e4e8ef; --quiet: #9aa5b6; --line: #2c3544; --accent: #7aa5ff; --on-accent: #0d1320;
          --floor: #191f2a; --grid: #1f2733; --wall: #4a566a; --health: #4cc27e; --ammo: #eeb34a; --bad: #ff7a7a;
        }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body {
          margin: 0; background: var(--back); color: var(--text); font: 14px/1.45 system-ui, sans-serif; -webkit-text-size-adjust: 100%;
          overflow-wrap: anywhere;
        }
        h1 { margin: .5rem 0; font-size: 1.25rem; }
        h2 { margin: 1.25rem 0 .4rem; font-size: 1rem; }
        h3 { margin: .75rem 0 .25rem; font-size: .9rem; }
        a { color: var(--accent); }
        p { margin: .4rem 0; }
        input, select, button {
          font: inherit; color: var(--text); background: var(--floor); border: 1px solid var(--line); border-radius: .35rem; padding: .3rem .6rem;
        }
        button { cursor: pointer; }
        button:disabled { cursor: default; opacity: .6; }
        button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); font-weight: 600; }
        button.danger { color: var(--bad); }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        main:focus { outline: none; }
        label { display: block; color: var(--quiet); font-size: .85rem; }
        label input, label select { display: block; width: 100%; margin-top: .15rem; font-size: 1rem; }
        label.check input { display: inline-block; width: auto; margin: 0 .3rem 0 0; }
        .quiet, .none { color: var(--quiet); }
        .notice, #banner, #login-notice, .bad { color: var(--bad); }
        #login-notice:empty { display: none; }

        #login { max-width: 22rem; margin: 12vh auto 0; padding: 1rem; }
        #login form { display: grid; gap: .75rem; }

        header {
          display: flex; flex-wrap: wrap; gap: .35rem .9rem;
          align-items: center; padding: .5rem 1rem; border-bottom: 1px solid var(--line); background: var(--floor);
        }
        nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
        nav a { text-decoration: none; padding: .15rem 0; border-bottom: 2px solid transparent; }
        nav a[aria-current] { border-color: var(--accent); color: var(--text); font-weight: 600; }
        #user { margin-left: auto; color: var(--quiet); }
        #banner { margin: 0; padding: .5rem 1rem; border-bottom: 1px solid var(--bad); background: var(--floor); }
        .stale #now, .stale #page { opacity: .6; }
        #now {
          display: flex; flex-wrap: wrap; gap: .5rem 1rem;
          align-items: center; justify-content: space-between; padding: .5rem 1rem; border-bottom: 1px solid var(--line);
        }
        #page { padding: .75rem 1rem 3rem; }

        .facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: 0; }
        dt { color: var(--quiet); font-size: .8rem; }
        dd { margin: 0; font-variant-numeric: tabular-nums; }
        #page .facts { padding: .6rem .75rem; background: var(--floor); border: 1px solid var(--line); border-radius: .4rem; }
        .bar { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: end; margin: 0 0 .6rem; }
        .bar label { flex: 1 1 9rem; max-width: 22rem; }
        .actions { display: flex; flex-wrap: wrap; gap: .4rem; margin: .4rem 0; }
        .pages { display: flex; gap: .6rem; align-items: center; margin-top: .5rem; }
        .found { flex: 1; color: var(--quiet); }

        .table { overflow-x: auto; background: var(--floor); border: 1px solid var(--line); border-radius: .4rem; }
        .table .none { margin: 0; padding: .6rem .75rem; }
        table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
        th, td { padding: .3rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--grid); overflow-wrap: normal; }
        th { font-weight: normal; font-size: .8rem; color: var(--quiet); }
        td { max-width: 20rem; overflow-wrap: break-word; }
        td[data-label=Actions] { white-space: nowrap; }
        tr:last-child td { border-bottom: 0; }
        .number { text-align: right; white-space: nowrap; }
        th.number { white-space: normal; }
        td a + .quiet:not(:empty) { margin-left: .5rem; }
        td button { padding: .1rem .4rem; margin: 0 .25rem .15rem 0; font-size: .85rem; }
        tr.paused td, tr.dropped td, tr.reserved td, tr.refused td { color: var(--quiet); }

        .beside { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 1fr); gap: 0 1rem; }
        .picture canvas { display: block; width: 100%; aspect-ratio: 41 / 25; background: var(--floor); border: 1px solid var(--line); border-radius: .4rem; }
        .picture .none:empty { display: none; }
        .picture .table.wide td { max-width: none; }
        .lines {
          list-style: none; margin: 0; padding: .5rem .75rem; max-height: 24rem;
          overflow-y: auto; background: var(--floor); border: 1px solid var(--line); border-radius: .4rem;
        }
        .lines:empty::before { content: "Nothing yet."; color: var(--quiet); }
        .lines time { color: var(--quiet); font-variant-numeric: tabular-nums; }

        .plots { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 22rem), 1fr)); gap: .75rem; }
        figure { position: relative; margin: 0; padding: .6rem .75rem; background: var(--floor); border: 1px solid var(--line); border-radius: .4rem; }
        figure svg { display: block; width: 100%; height: 7rem; overflow: visible; }
        figcaption { display: flex; flex-wrap: wrap; gap: 0 .9rem; margin-bottom: .4rem; }
        figcaption strong { flex-basis: 100%; }
        .top, .span { margin: 0; color: var(--quiet); font-size: .8rem; }
        .grid { stroke: var(--line); stroke-width: 1; }
        .line { fill: none; stroke-width: 1.5; stroke-linecap: round; }
        .line-0 { stroke: var(--accent); } .line-1 { stroke: var(--ammo); } .line-2 { stroke: var(--bad); } .line-3 { stroke: var(--health); }
        .key::before { content: ""; display: inline-block; width: .8em; height: .2em; margin: 0 .35em .25em 0; background: var(--accent); }
        .key-1::before { background: var(--ammo); } .key-2::before { background: var(--bad); } .key-3::before { background: var(--health); }

        #toasts { position: fixed; inset: auto 0 1rem; display: grid; justify-items: center; gap: .4rem; pointer-events: none; }
        #toasts p { margin: 0; max-width: 90%; padding: .35rem .9rem; background: var(--floor); border: 1px solid var(--line); border-radius: 1rem; }
        #toasts .bad { border-color: var(--bad); }
        dialog { width: min(28rem, calc(100% - 2rem)); color: inherit; background: var(--floor); border: 1px solid var(--line); border-radius: .5rem; }
        dialog::backdrop { background: rgb(0 0 0 / .4); }
        dialog h2 { margin-top: 0; }
        dialog form { display: grid; gap: .75rem; }
        dialog menu { display: flex; flex-direction: row-reverse; gap: .5rem; margin: 0; padding: 0; }
        #help-keys div { display: flex; gap: .75rem; margin-bottom: .25rem; }
        #help-keys dt { flex: 0 0 3rem; }
        kbd { padding: 0 .35rem; border: 1px solid var(--line); border-radius: .25rem; background: var(--back); }

        /* On a phone rows are cards; tables of a game's entities are moved aside in their own box. */
        @media (max-width: 46rem) {
          #user { flex-basis: 100%; order: 1; margin: 0; }
          #theme { margin-left: auto; }
          .beside { grid-template-columns: minmax(0, 1fr); }
          .table:not(.wide) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
          .table:not(.wide) :is(table, tbody) { display: block; }
          .table:not(.wide) tr {
            display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
            padding: .4rem .3rem; border-bottom: 1px solid var(--line);
          }
          .table:not(.wide) tr:last-child { border-bottom: 0; }
          .table:not(.wide) td { border: 0; padding: .15rem .4rem; text-align: left; white-space: normal; }
          .table:not(.wide) td::before { content: attr(data-label); display: block; color: var(--quiet); font-size: .75rem; }
          .table:not(.wide) td[data-label=Actions] { grid-column: 1 / -1; white-space: normal; }
          td button { padding: .3rem .6rem; }
        }

        """##,
        type: "text/css")
}
