// Formats numbers, and draws timelines as SVG. Text is inserted only through textContent, because names of jobs are
// untrusted.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

function bytesText(bytes) {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)}\u00a0${UNITS[unit]}`;
}

function percentText(percent) {
  return `${percent < 10 && !Number.isInteger(percent) ? percent.toFixed(1) : Math.round(percent)}\u00a0%`;
}

function durationText(seconds) {
  if (seconds < 60) {
    return `${seconds < 10 && !Number.isInteger(seconds) ? seconds.toFixed(1) : Math.round(seconds)} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    const rest = Math.round(seconds - minutes * 60);
    return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  }
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

function clockText(time, step) {
  const date = new Date(time * 1000);
  const two = (number) => String(number).padStart(2, "0");
  if (step >= 86400) {
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  }
  const minutes = `${two(date.getHours())}:${two(date.getMinutes())}`;
  return step >= 60 ? minutes : `${minutes}:${two(date.getSeconds())}`;
}

/// In the reader's time zone, like all times here.
function dateText(time) {
  return `${clockText(time, 86400)} ${clockText(time, 1)}`;
}

const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

/// Round times between `from` and `to`, at most about `most` of them: clock times, or times since `from`.
function timeTicks(from, to, most, isClock) {
  const least = (to - from) / most;
  const step = TIME_STEPS.find((each) => each >= least) || Math.ceil(least / 86400) * 86400;
  const zero = isClock ? new Date(from * 1000).getTimezoneOffset() * 60 : from;
  const ticks = [];
  for (let n = Math.ceil((from - zero) / step); zero + n * step <= to; n += 1) {
    const time = zero + n * step;
    ticks.push({ time, text: isClock ? clockText(time, step) : durationText(time - from) });
  }
  return ticks;
}

/// A round step, of which about `most` reach `top`; for bytes, a multiple of a power of 1024.
function valueStep(top, most, isBytes) {
  const unit = isBytes ? 1024 ** Math.max(0, Math.floor(Math.log(Math.max(top, 1)) / Math.log(1024))) : 1;
  const least = top / unit / most;
  const power = 10 ** Math.floor(Math.log10(least || 1));
  const step = [1, 2, 5, 10].find((each) => each * power >= least) * power;
  return (isBytes ? Math.max(step, unit === 1 ? 1 : 0.1) : Math.max(step, 1)) * unit;
}

function svgElement(name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    element.setAttribute(key, value);
  }
  if (text !== undefined) {
    element.textContent = text;
  }
  return element;
}

/// A gap of more seconds than this between two points means that nothing was measured.
function gapOf(points) {
  if (points.length < 3) {
    return Infinity;
  }
  const distances = points.slice(1).map((point, i) => point[0] - points[i][0]).sort((a, b) => a - b);
  return 5 * Math.max(distances[distances.length >> 1], 0.2);
}

/// Splits the points at gaps.
function piecesOf(points) {
  const gap = gapOf(points);
  const pieces = [];
  points.forEach((point, i) => {
    if (i === 0 || point[0] - points[i - 1][0] > gap) {
      pieces.push([]);
    }
    pieces[pieces.length - 1].push(point);
  });
  return pieces;
}

function nearest(points, time) {
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < time) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return time - points[low][0] < points[high][0] - time ? points[low] : points[high];
}

const PLOT = { left: 62, right: 14, top: 24, bottom: 20 };

function drawAxes(svg, plot, options) {
  const isBytes = options.kind === "mem";
  const step = valueStep(plot.top, 4, isBytes);
  for (let value = 0; value <= plot.top * 1.001; value += step) {
    const y = plot.y(value);
    svg.append(svgElement("line", { class: "grid", x1: PLOT.left, x2: plot.width - PLOT.right, y1: y, y2: y }));
    svg.append(svgElement("text", { x: PLOT.left - 6, y: y + 4, "text-anchor": "end" }, options.format(value)));
  }
  for (const tick of timeTicks(options.from, options.to, plot.width / 90, options.isClock)) {
    const x = plot.x(tick.time);
    svg.append(svgElement("line", { class: "grid", x1: x, x2: x, y1: plot.y(0), y2: plot.y(0) + 4 }));
    const anchor = x > plot.width - 40 ? "end" : "middle";
    svg.append(svgElement("text", { x: anchor === "end" ? plot.width : x, y: plot.height - 4, "text-anchor": anchor }, tick.text));
  }
}

function drawCurve(svg, plot, points) {
  for (const piece of piecesOf(points)) {
    const line = piece.map(([time, value]) => `${plot.x(time).toFixed(1)},${plot.y(value).toFixed(1)}`);
    const first = plot.x(piece[0][0]);
    const last = Math.max(plot.x(piece[piece.length - 1][0]), first + 2);  // makes a single sample visible
    const path = `M${line.join("L")}L${last.toFixed(1)},${plot.y(piece[piece.length - 1][1]).toFixed(1)}`;
    svg.append(svgElement("path", { class: "area", d: `${path}V${plot.y(0)}H${first.toFixed(1)}Z` }));
    svg.append(svgElement("path", { class: "curve", d: path }));
  }
}

function drawLimit(svg, plot, options) {
  if (!(options.limit > 0)) {
    return;
  }
  const y = plot.y(options.limit);
  const kind = options.isCapacity ? "capacity" : "limit";
  svg.append(svgElement("line", { class: kind, x1: PLOT.left, x2: plot.width - PLOT.right, y1: y, y2: y }));
  const text = `${options.limitName} ${options.format(options.limit)}`;
  svg.append(svgElement("text", { class: `${kind}-text`, x: plot.width - PLOT.right, y: y - 4, "text-anchor": "end" }, text));
}

/// Shows a line and the value at the pointer.
function followPointer(svg, plot, options) {
  const cursor = svgElement("line", { class: "cursor", y1: PLOT.top, y2: plot.y(0), visibility: "hidden" });
  const readout = svgElement("text", { class: "readout", x: plot.width - PLOT.right, y: 12, "text-anchor": "end" }, "");
  svg.append(cursor, readout);
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * plot.width;
    const [time, value] = nearest(options.points, plot.time(x));
    cursor.setAttribute("x1", plot.x(time));
    cursor.setAttribute("x2", plot.x(time));
    cursor.setAttribute("visibility", "visible");
    readout.textContent = `${clockText(time, 1)}: ${options.format(value)}`;
  });
  svg.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    readout.textContent = "";
  });
}

/// Draws a timeline. options: title, label (for screen readers), kind ("cpu", "mem"), points ([[time, value]]), from,
/// to, isClock, width, height, format; limit and limitName for a horizontal line, isCapacity if the limit is a capacity
/// and not a request.
function chart(options) {
  const { width, height } = options;
  const highest = options.points.reduce((most, point) => Math.max(most, point[1]), options.limit || 0);
  const span = Math.max(options.to - options.from, 0.001);
  const plot = { width, height, top: highest * 1.08 || 1 };
  plot.x = (time) => PLOT.left + ((time - options.from) / span) * (width - PLOT.left - PLOT.right);
  plot.time = (x) => options.from + ((x - PLOT.left) / (width - PLOT.left - PLOT.right)) * span;
  plot.y = (value) => height - PLOT.bottom - (value / plot.top) * (height - PLOT.top - PLOT.bottom);
  const svg = svgElement("svg", {
    class: options.kind, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": options.label,
  });
  svg.append(svgElement("text", { class: "title", x: PLOT.left, y: 12 }, options.title));
  drawAxes(svg, plot, options);
  drawCurve(svg, plot, options.points);
  drawLimit(svg, plot, options);
  if (options.points.length > 0) {
    followPointer(svg, plot, options);
  }
  return svg;
}
