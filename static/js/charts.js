/* One Plotly theme for the whole product. The server renders a small description of
   each chart next to its place (apps/ui/charts.py); this file turns it into traces that
   read every colour from the design tokens and follow the theme switch. Numbers are
   written here, not by Plotly, so that ticks and hover read like the rest of the page. */
(() => {
  'use strict';

  /* ----------------------------------------------------------------- tokens */

  const SANS = '"Instrument Sans", system-ui, sans-serif';
  const CLEAR = 'rgba(0, 0, 0, 0)';
  const probe = document.createElement('span');
  probe.hidden = true;
  const token = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  const faded = (name, alpha) => token(name).replace(/^rgb\(([^)]+)\)$/, (_, rgb) => `rgba(${rgb}, ${alpha})`);
  const font = (color, size = 11) => ({ family: SANS, size, color: token(color) });

  /* ---------------------------------------------------------------- numbers */

  const MINUS = '\u2212';
  const MISSING = '\u2013';
  const grouped = (value, decimals) => {
    const [whole, part] = Math.abs(value).toFixed(decimals).split('.');
    const text = whole.replace(/\B(?=(\d{3})+$)/g, ',');
    return part ? `${text}.${part}` : text;
  };
  const signed = (value, text) => (value < 0 ? MINUS : '') + text;

  /* Full, as in tables: €3,235.02. */
  const full = (value, format) => {
    if (value === null || value === undefined) return MISSING;
    return signed(value, `${format.prefix}${grouped(value, format.decimals)}${format.suffix}`);
  };
  /* How many decimals a step needs, so that each of its ticks reads as its value: 2.5 needs one. */
  const placesOf = (step) => [0, 1, 2].find((places) => Math.abs(step * 10 ** places - Math.round(step * 10 ** places)) < 1e-6) ?? 3;
  /* Short, as on axes: €87.5k, ¥4.38M. */
  const short = (value, format, step) => {
    const size = Math.abs(value);
    const [unit, letter] = size >= 1e9 ? [1e9, 'B'] : size >= 1e6 ? [1e6, 'M'] : size >= 1e3 ? [1e3, 'k'] : [1, ''];
    let decimals = placesOf(step / unit);
    if (!letter && decimals) decimals = Math.max(decimals, Math.min(2, format.decimals));
    let text = (size / unit).toFixed(decimals);
    if (letter || !format.decimals) text = text.replace(/\.?0+$/, (zeros) => (zeros.includes('.') ? '' : zeros));
    return signed(value, `${format.prefix}${text}${letter}${format.suffix}`);
  };
  const change = (value, before) => {
    if (value === null || before === null || before === undefined || !before) return '';
    const percent = (value / before - 1) * 100;
    const sign = percent < 0 ? MINUS : '+';
    return `${sign}${grouped(percent, 1)}%`;
  };
  // Plotly reads a little HTML in its texts; names come from outside. Even our own texts stay
  // without it: <b> becomes a style attribute, which the policy refuses.
  const plain = (text) => String(text ?? '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  // By letters, not by halves of them: an emoji is two.
  const clipped = (text, length) => ([...text].length > length ? `${[...text].slice(0, length - 1).join('').trimEnd()}…` : text);

  const pen = document.createElement('canvas').getContext('2d');
  const wide = (text, size) => { pen.font = `${size}px ${SANS}`; return pen.measureText(text).width; };
  /* As much of a text as fits into so many pixels. */
  const fitted = (text, size, pixels) => {
    let short = text;
    for (let length = text.length; length > 1 && wide(short, size) > pixels; length -= 1) short = clipped(text, length - 1);
    return short;
  };

  const COUNT = { prefix: '', suffix: '', decimals: 0 };
  const numbers = (...lists) => lists.flat(3).filter((value) => Number.isFinite(value));
  const peakOf = (...lists) => Math.max(0, ...numbers(...lists));

  /* ------------------------------------------------------------------ dates */

  // ISO texts are read as they stand: no zone, no locale.
  const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const HOUR = 36e5;
  const STEP = { minute: HOUR / 60, hour: HOUR, day: 24 * HOUR, week: 168 * HOUR, month: 30 * 24 * HOUR };
  const millis = (text) => Date.parse(text.length > 10 ? `${text.slice(0, 19)}Z` : `${text}T00:00:00Z`);
  /* From one point to the next; hours may stand three by three. */
  const lengthOf = ({ x, step }) => (x.length > 1 ? millis(x[1]) - millis(x[0]) : STEP[step || 'day']);
  const iso = (value) => new Date(value).toISOString().slice(0, 19);
  const shifted = (text, by) => iso(millis(text) + by);
  const dayName = (text) => {
    const day = new Date(millis(text));
    return `${DAYS[day.getUTCDay()]} ${day.getUTCDate()} ${MONTHS[day.getUTCMonth()]}`;
  };
  const tickName = (text, step, years) => {
    const day = new Date(millis(text));
    const month = MONTHS[day.getUTCMonth()];
    if (step === 'hour' || step === 'minute') return iso(millis(text)).slice(11, 16);
    if (step === 'month') return years ? `${month} ${day.getUTCFullYear()}` : month;
    return `${day.getUTCDate()} ${month}${years ? ` ${String(day.getUTCFullYear()).slice(2)}` : ''}`;
  };
  const HOVER = {
    minute: '%a %-d %b, %H:%M',
    hour: '%a %-d %b, %H:%M',
    day: '%a %-d %b %Y',
    week: 'Week of %-d %b %Y',
    month: '%B %Y',
  };

  /* ------------------------------------------------------------ axes, notes */

  const base = (more = {}) => ({
    autosize: true, dragmode: false, showlegend: false, shapes: [], annotations: [],
    paper_bgcolor: CLEAR, plot_bgcolor: CLEAR,
    font: font('ink-3', 11.5),
    margin: { l: 46, r: 14, t: 10, b: 28, pad: 0 },
    hovermode: 'x unified',
    hoverlabel: { bgcolor: token('surface'), bordercolor: token('line-2'), font: font('ink', 12), align: 'left', namelength: -1 },
    ...more,
  });

  const STRIDES = [1, 2, 3, 4, 5, 7, 14, 28, 56, 91, 182, 365];

  /* Tick labels are picked from the points themselves: never an hour between two days. */
  const timeAxis = (spec, width, more = {}) => {
    const { x } = spec;
    const step = spec.step || 'day';
    const last = x.length - 1;
    const years = x.length > 0 && x[0].slice(0, 4) !== x[last].slice(0, 4);
    const most = Math.max(2, Math.min(9, Math.floor(width / (years ? 84 : 70))));
    // Hours of many days are told apart by their day, at its beginning.
    const perDay = STEP.day / lengthOf(spec);
    const daily = step === 'hour' && x.length > 2 * perDay;
    const stride = daily ? perDay * Math.ceil(x.length / perDay / most) : STRIDES.find((candidate) => candidate >= x.length / most) ?? Math.ceil(x.length / most);
    const from = daily ? Math.max(0, x.findIndex((text) => text.slice(11, 13) === '00')) : Math.floor((last % stride) / 2);
    const shown = x.filter((_, i) => (i - from) % stride === 0 && i >= from);
    const half = lengthOf(spec) / 2;
    const range = last > 0 ? [x[0], spec.partial?.length ? shifted(x[last], half) : x[last]] : [shifted(x[0], -half), shifted(x[0], half)];
    return {
      type: 'date', range, showgrid: false, zeroline: false, fixedrange: true, ticks: '', tickangle: 0,
      tickmode: 'array', tickvals: shown, ticktext: shown.map((text) => tickName(text, daily ? 'day' : step, years)),
      unifiedhovertitle: { text: `%{x|${HOVER[step]}}` }, showline: false, ticklabelstandoff: 3, tickfont: font('ink-3', 11.5),
      showspikes: true, spikemode: 'across', spikethickness: 1, spikedash: 'solid', spikecolor: token('edge'), spikesnap: 'data',
      ...more,
    };
  };

  /* Round steps, zero at the foot, at most `most` lines above it. */
  const niceStep = (span, most) => {
    const rough = span / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough - 1e-12);
  };
  const valueAxis = (format, peak, { most = 5, room = 1.06, floor = 0, ...more } = {}) => {
    let top = peak > floor ? peak : floor + 1;
    let step = niceStep(top - floor, most);
    if (!format.decimals && step < 1) { step = 1; top = Math.max(top, floor + 1); }
    // A line just above the peak is worth showing.
    const next = Math.ceil((top - floor) / step) * step;
    const span = Math.max((top - floor) * room, next <= (top - floor) * 1.3 ? next * 1.01 : 0);
    const ticks = [];
    for (let tick = Math.ceil(floor / step) * step; tick <= floor + span + 1e-9; tick += step) ticks.push(Number(tick.toPrecision(12)));
    return {
      range: [floor, floor + span], fixedrange: true, ticks: '', ticklabelposition: 'outside', ticklabelstandoff: 4,
      zeroline: true, zerolinecolor: token('line-2'), zerolinewidth: 1,
      tickmode: 'array', tickvals: ticks, ticktext: ticks.map((tick) => plain(short(tick, format, step))),
      gridcolor: token('line'), gridwidth: 1, tickfont: font('ink-3', 11.5),
      ...more,
    };
  };
  /* Room for the widest tick: "CHF 2.5k" needs more than "€4k". */
  const leftFor = (...axes) => 18 + Math.ceil(6.4 * Math.max(4, ...axes.flatMap((axis) => axis.ticktext.map((text) => text.length))));

  /* Half of the last label hangs over the end of the axis. */
  const rightFor = ({ x }, axis) => (axis.tickvals.at(-1) === x.at(-1) ? 24 : 14);
  /* Half a step: hovering a day without numbers must not show its neighbour's. Whole pixels, or Plotly ignores it. */
  const reach = ({ x }, layout, width) => Math.max(1, Math.floor((width - layout.margin.l - layout.margin.r) / Math.max(1, x.length) / 2));
  const gridLines = (height) => (height < 190 ? 3 : 5);

  const note = (x, y, text, more = {}) => ({
    x, y, text: plain(text), showarrow: false, borderpad: 1, font: font('ink-2'), xanchor: 'left', yanchor: 'top', ...more,
  });

  const bandShape = ({ from, to }, half, more = {}) => ({
    type: 'rect', xref: 'x', yref: 'paper', x0: shifted(from, -half), x1: shifted(to, half), y0: 0, y1: 1,
    line: { width: 0 }, fillcolor: token('sunken'), layer: 'below', ...more,
  });
  const markShape = (mark, more = {}) => ({
    type: 'line', xref: 'x', yref: 'paper', x0: mark.x, x1: mark.x, y0: 0, y1: 1,
    line: { color: token(mark.tone || 'ink-2'), width: 1, dash: '2px,2px' }, ...more,
  });
  /* A word stands on the side of its line that has more room. */
  const sideOf = (mark, x) => (x.indexOf(mark.x.slice(0, x[0].length)) > x.length / 2 ? 'right' : 'left');

  const bands = (layout, spec, width) => (spec.partial || []).forEach((band) => {
    const half = lengthOf(spec) / 2;
    layout.shapes.push(bandShape(band, half));
    if (!band.text || width < 420) return;
    layout.annotations.push(note(shifted(band.from, -half), 1, band.text, { yref: 'paper', xanchor: 'right', xshift: -6, yshift: -2, font: font('ink-3') }));
  });
  const marks = (layout, spec, width) => (spec.marks || []).forEach((mark) => {
    layout.shapes.push(markShape(mark));
    if (width < 420) return;
    const side = mark.side || sideOf(mark, spec.x);
    layout.annotations.push(note(mark.x, 1, mark.text, { yref: 'paper', xanchor: side, xshift: side === 'right' ? -5 : 5, yshift: -2, bgcolor: token('surface'), font: font(mark.tone || 'ink-2') }));
  });
  const thresholds = (layout, spec) => (spec.thresholds || []).forEach((line) => {
    layout.shapes.push({ type: 'line', xref: 'paper', x0: 0, x1: 1, y0: line.value, y1: line.value, line: { color: token(line.tone || 'ink-3'), width: 1, dash: '4px,3px' } });
    layout.annotations.push(note(0, line.value, line.text, { xref: 'paper', xshift: 4, yanchor: 'bottom', bgcolor: faded('surface', 0.8), font: font(line.tone || 'ink-3') }));
  });

  /* --------------------------------------------------------------- one line */

  const within = (day, partial) => (partial || []).some(({ from, to }) => day >= from && day <= to);
  /* Stretches without a hole: a fill would bridge the days nobody has numbers for. */
  const stretches = (values) => {
    const found = [];
    values.forEach((value, i) => {
      if (value === null) return;
      if ((values[i - 1] ?? null) === null) found.push([]);
      found.at(-1).push(i);
    });
    return found.filter((stretch) => stretch.length > 1);
  };
  const alone = (values, i) => values[i] !== null && (values[i - 1] ?? null) === null && (values[i + 1] ?? null) === null;

  /* One metric with its gaps: complete days solid, days still filling dotted with hollow
     points, lonely days as a point, the period before dashed. */
  const metric = (spec, series, { axis = 'y', width = 2.25, dot = 7 } = {}) => {
    const { x } = spec;
    const values = x.map((_, i) => series.y[i] ?? null);
    const before = series.previous ? x.map((_, i) => series.previous.y[i] ?? null) : null;
    const open = x.map((day) => within(day, series.partial || spec.partial));
    const solid = values.map((value, i) => (open[i] ? null : value));
    const dotted = values.map((value, i) => (open[i] || open[i - 1] || open[i + 1] ? value : null));
    const words = values.map((value, i) => [plain(full(value, series.format)), open[i] ? 'so far' : change(value, before?.[i])]);
    const color = token('c1');
    const drawn = { x, yaxis: axis, name: plain(series.name) };
    const traces = [];
    const peak = peakOf(solid);
    stretches(solid).forEach((stretch) => traces.push({
      ...drawn, x: stretch.map((i) => x[i]), y: stretch.map((i) => solid[i]), mode: 'lines', zorder: 1, hoverinfo: 'skip',
      line: { color: CLEAR, width: 0 }, fill: 'tozeroy',
      fillgradient: { type: 'vertical', start: 0, stop: peak, colorscale: [[0, faded('c1', 0)], [1, faded('c1', 0.16)]] },
    }));
    traces.push({
      ...drawn, y: solid, mode: 'lines', zorder: 2, line: { color, width }, customdata: words,
      hovertemplate: '%{customdata[0]}  %{customdata[1]}<extra>%{fullData.name}</extra>',
    });
    if (open.some(Boolean)) {
      traces.push({ ...drawn, y: dotted, mode: 'lines', zorder: 2, line: { color, width: width - 0.25, dash: '2px,3px' }, hoverinfo: 'skip' });
      traces.push({
        ...drawn, y: values.map((value, i) => (open[i] ? value : null)), mode: 'markers', zorder: 3, customdata: words,
        marker: { size: dot, color: token('surface'), line: { color, width: 2 } },
        hovertemplate: '%{customdata[0]}  %{customdata[1]}<extra>%{fullData.name}</extra>',
      });
    }
    const lonely = solid.map((value, i) => (alone(solid, i) && !open[i - 1] && !open[i + 1] ? value : null));
    if (lonely.some((value) => value !== null)) {
      traces.push({ ...drawn, y: lonely, mode: 'markers', zorder: 3, marker: { size: dot - 1, color }, hoverinfo: 'skip' });
    }
    if (before) {
      traces.push({
        ...drawn, y: before, name: plain(series.label ? `${series.name}, ${series.previous.name}` : series.previous.name), mode: 'lines', zorder: 1,
        line: { color: token('ink-3'), width: width - 0.75, dash: '4px,3px' },
        customdata: before.map((value, i) => [plain(full(value, series.format)), series.previous.x?.[i] ? dayName(series.previous.x[i]) : '']),
        hovertemplate: '%{customdata[0]}  %{customdata[1]}<extra>%{fullData.name}</extra>',
      });
    }
    return traces;
  };

  const bar = (series, more) => ({
    type: 'bar', name: plain(series.name),
    ...more,
    marker: {
      color: token(series.tone), line: { width: 0 }, ...more.marker,
      ...(series.hatch ? { pattern: { shape: '/', size: 5, solidity: 0.35, fgcolor: token('surface'), fillmode: 'overlay', fgopacity: 0.55 } } : {}),
    },
  });

  /* ------------------------------------------------------------------ kinds */

  const KINDS = {
    /* One metric against the period before. */
    trend(spec, width, height) {
      const layout = base();
      const room = spec.marks?.length || spec.partial?.length ? 1.16 : 1.06;
      layout.yaxis = valueAxis(spec.format, peakOf(spec.y, spec.previous?.y ?? []), { room, most: gridLines(height) });
      layout.xaxis = timeAxis(spec, width);
      layout.margin.l = leftFor(layout.yaxis);
      layout.margin.r = rightFor(spec, layout.xaxis);
      bands(layout, spec, width);
      marks(layout, spec, width);
      return [metric(spec, spec), layout];
    },

    /* Small multiples: one panel per currency on one time axis, never two currencies on one scale. */
    multi(spec, width) {
      const count = spec.panels.length;
      const gap = count > 1 ? Math.min(0.1, 0.3 / count) : 0;
      const height = (1 - gap * (count - 1)) / count;
      const top = (i) => 1 - i * (height + gap);
      const layout = base({ hoversubplots: 'axis' });
      layout.margin.t = 20;
      layout.xaxis = timeAxis(spec, width, { anchor: count > 1 ? `y${count}` : 'y' });
      const traces = spec.panels.flatMap((panel, i) => {
        const axis = valueAxis(panel.format, peakOf(panel.y, panel.previous?.y ?? []), {
          most: 2, room: 1.1, domain: [Math.max(0, top(i) - height), top(i)], anchor: 'x',
        });
        layout[i ? `yaxis${i + 1}` : 'yaxis'] = axis;
        layout.annotations.push(note(0, top(i), panel.label, { xref: 'paper', yref: 'paper', yanchor: 'bottom', yshift: 1, font: font('ink-2', 11.5) }));
        return metric(spec, panel, { axis: i ? `y${i + 1}` : 'y', width: 2, dot: 6 });
      });
      layout.margin.l = leftFor(...spec.panels.map((_, i) => layout[i ? `yaxis${i + 1}` : 'yaxis']));
      layout.margin.r = rightFor(spec, layout.xaxis);
      const above = (y, side, more = {}) => ({ y, yref: 'paper', yanchor: 'bottom', yshift: 1, xanchor: side, ...more });
      const places = (spec.partial || []).map((band) => ({ band, panels: [0, count - 1] }));
      spec.panels.forEach((panel, i) => (panel.partial || []).forEach((band) => places.push({ band, panels: [i, i] })));
      places.forEach(({ band, panels: [first, last] }) => {
        const half = lengthOf(spec) / 2;
        layout.shapes.push(bandShape(band, half, { y0: Math.max(0, top(last) - height), y1: top(first) }));
        if (band.text && width >= 420) layout.annotations.push(note(shifted(band.to, half), 1, band.text, above(top(first), 'right', { font: font('ink-3') })));
      });
      (spec.marks || []).forEach((mark) => {
        const [first, last] = mark.panel === undefined ? [0, count - 1] : [mark.panel, mark.panel];
        layout.shapes.push(markShape(mark, { y0: Math.max(0, top(last) - height), y1: top(first) }));
        if (width >= 420) layout.annotations.push(note(mark.x, 1, mark.text, above(top(first), mark.side || sideOf(mark, spec.x), { font: font(mark.tone || 'ink-2') })));
      });
      return [traces, layout];
    },

    /* Up to six lines, named at their right end instead of by a legend. */
    lines(spec, width, height) {
      const layout = base();
      const named = spec.labels !== false;
      const floor = spec.floor ?? 0;
      layout.yaxis = valueAxis(spec.format, peakOf(spec.series.map(({ y }) => y), (spec.thresholds || []).map(({ value }) => value)), { floor, most: gridLines(height), room: spec.marks?.length || spec.partial?.length ? 1.2 : 1.08 });
      layout.xaxis = timeAxis(spec, width);
      layout.margin.l = leftFor(layout.yaxis);
      layout.margin.r = rightFor(spec, layout.xaxis);
      if (named) layout.margin.r = Math.min(width * 0.4, 14 + 6.4 * Math.max(...spec.series.map(({ name }) => Math.min(24, name.length))));
      const traces = spec.series.map((series, i) => ({
        x: spec.x, y: series.y, name: plain(series.name), mode: numbers(series.y).length < 2 ? 'lines+markers' : 'lines',
        line: { color: token(series.tone || `c${i + 1}`), width: 2 },
        customdata: series.y.map((value) => plain(full(value, spec.format))),
        hovertemplate: '%{customdata}<extra>%{fullData.name}</extra>',
      }));
      bands(layout, spec, width);
      marks(layout, spec, width);
      thresholds(layout, spec);
      if (named) layout.annotations.push(...endLabels(spec, layout, height));
      return [traces, layout];
    },

    /* Stacked bars by outcome; a hatch backs up the colour where one series matters most. */
    stack(spec, width, height) {
      const layout = base({ barmode: 'stack', bargap: 0.28 });
      const totals = spec.x.map((_, i) => spec.series.reduce((sum, { y }) => sum + (y[i] ?? 0), 0));
      const half = lengthOf(spec) / 2;
      layout.yaxis = valueAxis(spec.format || COUNT, peakOf(totals), { most: gridLines(height), room: spec.marks?.length || spec.partial?.length ? 1.2 : 1.06 });
      layout.xaxis = timeAxis(spec, width, { showspikes: false, range: [shifted(spec.x[0], -half), shifted(spec.x.at(-1), half)] });
      layout.margin.l = leftFor(layout.yaxis);
      bands(layout, spec, width);
      marks(layout, spec, width);
      const opacity = spec.x.map((moment) => (within(moment, spec.partial) ? 0.5 : 1));
      const traces = spec.series.map((series, i) => bar({ tone: `c${i + 1}`, ...series }, {
        x: spec.x, y: series.y, marker: { opacity },
        customdata: series.y.map((value) => plain(full(value, spec.format || COUNT))),
        hovertemplate: '%{customdata}<extra>%{fullData.name}</extra>',
      }));
      return [traces, layout];
    },

    /* Horizontal bars, the period before as a tick on each bar, values written out at the right. */
    ranking(spec, width, height) {
      const columns = spec.columns || [];
      const room = columns.map(({ head, text }) => 10 + 6.6 * Math.max(head.length, ...text.map((word) => word.length)));
      const right = room.reduce((sum, wide) => sum + wide, 4);
      const names = spec.rows.map((row) => fitted(row, 12, width * 0.42));
      const layout = base({ hovermode: 'y unified', barmode: 'overlay' });
      layout.margin = { l: 14 + Math.max(0, ...names.map((name) => wide(name, 12))), r: right, t: columns.length ? 20 : 4, b: 8 };
      // A bar is no thicker than 28 px, however few there are.
      const row = (height - layout.margin.t - layout.margin.b) / spec.rows.length;
      const traces = [{
        type: 'bar', orientation: 'h', width: Math.min(0.58, 28 / row), y: spec.rows.map(plain), x: spec.values, name: plain(spec.name),
        marker: { color: token('c1'), cornerradius: 2 },
        customdata: spec.values.map((value, i) => [plain(full(value, spec.format)), change(value, spec.previous?.values[i])]),
        hovertemplate: '%{customdata[0]}  %{customdata[1]}<extra>%{fullData.name}</extra>',
      }];
      if (spec.previous) {
        traces.push({
          type: 'scatter', mode: 'markers', y: spec.rows.map(plain), x: spec.previous.values, name: plain(spec.previous.name),
          marker: { symbol: 'line-ns-open', size: 15, color: token('ink'), line: { width: 1.75, color: token('ink') } },
          customdata: spec.previous.values.map((value) => plain(full(value, spec.format))),
          hovertemplate: '%{customdata}<extra>%{fullData.name}</extra>',
        });
      }
      columns.forEach(({ head, text }, c) => {
        const shift = right - 4 - room.slice(c + 1).reduce((sum, wide) => sum + wide, 0);
        const place = { xref: 'paper', xanchor: 'right', xshift: shift };
        layout.annotations.push(note(1, 1, head, { ...place, yref: 'paper', yanchor: 'bottom', yshift: 2 }));
        spec.rows.forEach((row, i) => layout.annotations.push(note(1, plain(row), text[i], { ...place, yanchor: 'middle', font: font(c ? 'ink-2' : 'ink', 12) })));
      });
      layout.xaxis = { visible: false, fixedrange: true, range: [0, (peakOf(spec.values, spec.previous?.values ?? []) || 1) * 1.04] };
      layout.yaxis = {
        autorange: 'reversed', fixedrange: true, ticks: '', showgrid: false, tickfont: font('ink', 12), ticklabelstandoff: 6,
        tickmode: 'array', tickvals: spec.rows.map(plain), ticktext: names.map(plain),
      };
      return [traces, layout];
    },
  };

  /* Names at the line ends, pushed apart to 14 px. */
  const endLabels = (spec, layout, height) => {
    const [low, high] = layout.yaxis.range;
    const pixels = (height - layout.margin.t - layout.margin.b) / (high - low);
    const ends = spec.series
      .map((series, i) => ({ y: numbers(series.y).at(-1), name: clipped(series.name, 24), tone: series.tone || `c${i + 1}` }))
      .filter(({ y }) => y !== undefined)
      .sort((a, b) => a.y - b.y);
    ends.forEach((end, i) => {
      end.at = end.y * pixels;
      if (i && end.at - ends[i - 1].at < 14) end.at = ends[i - 1].at + 14;
    });
    return ends.map((end) => note(1, end.y, end.name, { xref: 'paper', xshift: 6, yanchor: 'middle', yshift: end.at - end.y * pixels, font: font(`${end.tone}-text`, 11.5) }));
  };

  /* ---------------------------------------------------------------- drawing */

  // Nothing leaves the page: no mode bar, no logo, and Plotly's "send to cloud" stays off.
  const CONFIG = {
    displayModeBar: false, displaylogo: false, showSendToCloud: false, plotlyServerURL: '',
    responsive: false, doubleClick: false, scrollZoom: false, showTips: false, locale: 'en',
  };
  const drawn = new Map();

  const tableOf = (element) => document.querySelector(`details.asdata[data-for="${CSS.escape(element.id)}"]`);

  /* The numbers are there anyway: without a picture their table stands open. */
  const giveUp = (element, reason) => {
    forget(element);
    element.hidden = true;
    const table = tableOf(element);
    if (table) table.open = true;
    if (reason) console.error(`Chart ${element.id}:`, reason);
  };

  const draw = async (element) => {
    const spec = JSON.parse(document.getElementById(`${element.id}-spec`).textContent);
    const { clientWidth: width, clientHeight: height } = element;
    if (!width) return;
    const [traces, layout] = KINDS[spec.kind](spec, width, height);
    if (spec.x) layout.hoverdistance = reach(spec, layout, width);
    await window.Plotly.react(element, traces, { ...layout, width, height, autosize: false }, CONFIG);
    drawn.set(element, `${width}x${height}`);
  };

  const attempt = (element) => draw(element).catch((reason) => giveUp(element, reason));

  const forget = (element) => {
    sizes.unobserve(element);
    if (drawn.delete(element)) window.Plotly?.purge(element);
  };

  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => {
    if (target.clientWidth && drawn.get(target) !== `${target.clientWidth}x${target.clientHeight}`) attempt(target);
  }));

  const drawNew = async (within = document) => {
    const waiting = [...within.querySelectorAll('[data-chart]:not([hidden])')].filter((element) => !drawn.has(element));
    if (!window.Plotly) { waiting.forEach((element) => giveUp(element)); return; }
    await Promise.all(waiting.map((element) => { drawn.set(element, ''); return attempt(element); }));
    waiting.forEach((element) => { if (drawn.has(element)) sizes.observe(element); });
  };

  const start = async () => {
    document.body.append(probe);
    await document.fonts.ready;
    await drawNew();
    document.documentElement.dataset.charts = 'ready';
  };

  document.addEventListener('themechange', () => drawn.forEach((_, element) => attempt(element)));
  document.addEventListener('htmx:afterSettle', () => { drawNew(); });
  document.addEventListener('htmx:beforeCleanupElement', ({ target }) => { if (drawn.has(target)) forget(target); });
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', start);
  else start();
})();
