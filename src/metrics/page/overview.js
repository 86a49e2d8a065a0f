// All jobs at once: one row per job, with a darker color for higher usage, and at the right a bar for its peak and a
// mark for its request. Uses a canvas, because a thousand rows of SVG are slow.

const TOP = 4;
const AXIS_HEIGHT = 20;
const BAR_GAP = 10;
const MOST_ROWS = 8000;  // limit of canvas sizes

function colorOf(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}

function mix(from, to, part) {
  return from.map((value, i) => Math.round(value + (to[i] - value) * part));
}

/// 64 colors from low to high, for light and dark backgrounds.
function rampOf(kind) {
  const ground = colorOf("--panel");
  const full = colorOf(`--${kind}`);
  const isDark = ground[0] < 128;
  const most = mix(full, isDark ? [255, 255, 255] : [0, 0, 0], 0.45);
  return Array.from({ length: 64 }, (_, i) => {
    const part = i / 63;
    const color = part < 0.6 ? mix(ground, full, 0.1 + part * 1.5) : mix(full, most, (part - 0.6) / 0.4);
    return `rgb(${color.join(",")})`;
  });
}

/// Sizes a canvas for the page and the screen's resolution. @returns its drawing context
function sizedPen(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  return pen;
}

class Overview {
  /// @param {function} choose  called with a job that the user selects
  constructor(data, choose) {
    this.canvas = document.getElementById("map");
    this.box = document.getElementById("map-box");
    this.data = data;
    this.choose = choose;
    this.jobs = [];
    this.kind = "cpu";
    this.isClock = true;
    this.chosen = null;
    this.canvas.addEventListener("click", (event) => this.pick(this.rowAt(event)));
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerleave", () => this.say(""));
    this.canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /// @param {boolean} isClock  whether rows are placed by clock time; otherwise all begin at the left
  show(jobs, kind, isClock) {
    this.jobs = jobs.slice(0, MOST_ROWS);
    this.kind = kind;
    this.isClock = isClock;
    this.draw();
  }

  valuesOf(job) {
    return this.kind === "cpu" ? job.cpu : job.mem;
  }

  /// The color scale ends at the peak of all but a few jobs, because otherwise one big job would make all others pale.
  measure() {
    const peaks = this.data.jobs.map((job) => job.peak[this.kind]).sort((a, b) => a - b);
    this.full = peaks[Math.ceil((peaks.length - 1) * 0.98)] || 1;
    this.most = peaks[peaks.length - 1];
    const longest = (most, job) => Math.max(most, job.peak[this.kind], job.request[this.kind] || 0);
    this.longest = this.data.jobs.reduce(longest, 1);
    const duration = (most, job) => Math.max(most, job.end - job.start);
    this.from = this.isClock ? this.data.from : 0;
    this.to = Math.max(this.isClock ? this.data.to : this.data.jobs.reduce(duration, 0), this.from + 0.001);
  }

  /// Subtracted from a job's times to position them.
  zeroOf(job) {
    return this.isClock ? 0 : job.start;
  }

  layOut() {
    const rows = Math.max(this.jobs.length, 1);
    this.rowHeight = Math.max(1, Math.min(22, Math.floor(720 / rows)));
    this.width = this.box.clientWidth;
    const isNamed = this.rowHeight >= 12;
    this.left = isNamed ? Math.min(190, this.width * 0.28) : 14;
    this.barWidth = Math.min(130, this.width * 0.18);
    this.right = this.width - this.barWidth - BAR_GAP - 8;
    this.height = TOP + rows * this.rowHeight + 6;
    this.pen = sizedPen(this.canvas, this.width, this.height);
  }

  x(time) {
    return this.left + ((time - this.from) / (this.to - this.from)) * (this.right - this.left);
  }

  draw() {
    this.measure();
    this.layOut();
    const style = getComputedStyle(document.documentElement);
    this.text = style.getPropertyValue("--text");
    this.quiet = style.getPropertyValue("--quiet");
    this.limit = style.getPropertyValue("--limit");
    this.focus = style.getPropertyValue("--focus");
    this.ramp = rampOf(this.kind);
    this.drawAxis();
    this.jobs.forEach((job, row) => this.drawRow(job, row));
    this.drawChosen();
    const what = this.kind === "cpu" ? "CPU" : "memory";
    this.canvas.setAttribute("aria-label", `${what} of ${this.jobs.length} jobs over time; the table below has their peaks`);
    this.drawLegend();
  }

  /// Separate from the rows, which may be scrolled.
  drawAxis() {
    const pen = sizedPen(document.getElementById("axis"), this.width, AXIS_HEIGHT);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = this.quiet;
    pen.textAlign = "center";
    for (const tick of timeTicks(this.from, this.to, (this.right - this.left) / 90, this.isClock)) {
      pen.fillText(tick.text, this.x(tick.time), 12);
      pen.fillRect(Math.round(this.x(tick.time)), AXIS_HEIGHT - 4, 1, 4);
    }
    pen.textAlign = "left";
    pen.fillText("peak", this.right + BAR_GAP, 12);
  }

  drawRow(job, row) {
    const y = TOP + row * this.rowHeight;
    const height = this.rowHeight > 3 ? this.rowHeight - 1 : this.rowHeight;
    const values = this.valuesOf(job);
    const zero = this.zeroOf(job);
    job.time.forEach((time, i) => {
      const next = i + 1 < job.time.length ? Math.min(job.time[i + 1], time + job.gap) : time + job.step;
      const shade = Math.min(63, Math.round((values[i] / this.full) * 63));
      // Whole pixels, because the background would be visible between fractional ones.
      const x = Math.floor(this.x(time - zero));
      const end = Math.ceil(Math.min(this.x(next - zero), this.right));
      this.pen.fillStyle = this.ramp[shade];
      this.pen.fillRect(x, y, Math.max(end - x, 1), height);
    });
    this.drawBar(job, y, height);
    if (this.rowHeight >= 12) {
      this.drawName(job, y + this.rowHeight / 2);
    }
  }

  drawBar(job, y, height) {
    const from = this.right + BAR_GAP;
    const peak = job.peak[this.kind];
    const request = job.request[this.kind];
    this.pen.fillStyle = request && peak > request ? this.limit : this.ramp[44];
    this.pen.fillRect(from, y, Math.max((peak / this.longest) * this.barWidth, 1), height);
    if (request) {
      this.pen.fillStyle = this.text;
      this.pen.fillRect(from + (request / this.longest) * this.barWidth - 1, y, 2, height);
    }
  }

  drawName(job, middle) {
    this.pen.save();
    this.pen.beginPath();
    this.pen.rect(0, middle - 12, this.left - 8, 24);
    this.pen.clip();
    this.pen.fillStyle = this.text;
    this.pen.textAlign = "left";
    this.pen.textBaseline = "middle";
    this.pen.font = "12px system-ui, sans-serif";
    this.pen.fillText(`${job.id}  ${job.name}`, 14, middle);
    this.pen.restore();
  }

  drawChosen() {
    const row = this.jobs.indexOf(this.chosen);
    if (row < 0) {
      return;
    }
    const y = TOP + row * this.rowHeight;
    this.pen.strokeStyle = this.focus;
    this.pen.lineWidth = 1.5;
    this.pen.strokeRect(this.left - 2, y - 1.5, this.width - this.left - 2, this.rowHeight + 2);
    this.pen.fillStyle = this.focus;
    this.pen.beginPath();
    this.pen.moveTo(3, y + this.rowHeight / 2 - 5);
    this.pen.lineTo(11, y + this.rowHeight / 2);
    this.pen.lineTo(3, y + this.rowHeight / 2 + 5);
    this.pen.fill();
  }

  drawLegend() {
    const legend = document.getElementById("legend");
    const format = this.kind === "cpu" ? percentText : bytesText;
    const strip = document.createElement("canvas");
    strip.width = 64;
    strip.height = 1;
    strip.setAttribute("aria-hidden", "true");
    const pen = strip.getContext("2d");
    this.ramp.forEach((color, i) => {
      pen.fillStyle = color;
      pen.fillRect(i, 0, 1, 1);
    });
    const hasRequests = this.jobs.some((job) => job.request[this.kind]);
    const bars = hasRequests ? "bars: peak, red where over the request (the mark)" : "bars: peak";
    legend.replaceChildren(`${this.kind === "cpu" ? "CPU" : "Memory"}  0`, strip, `${format(this.full)}${this.most > this.full ? " and more" : ""}; ${bars}`);
  }

  rowAt(event) {
    const y = event.clientY - this.canvas.getBoundingClientRect().top - TOP;
    return Math.floor(y / this.rowHeight);
  }

  point(event) {
    const job = this.jobs[this.rowAt(event)];
    if (!job) {
      this.say("");
      return;
    }
    const x = event.clientX - this.canvas.getBoundingClientRect().left;
    const time = this.zeroOf(job) + this.from + ((x - this.left) / (this.right - this.left)) * (this.to - this.from);
    let at = job.time.findIndex((each) => each > time) - 1;
    at = at < -1 ? job.time.length - 1 : at;
    const isInside = at >= 0 && time - job.time[at] <= Math.max(job.gap, job.step);
    const values = isInside ? `${clockText(time, 1)}: ${percentText(job.cpu[at])}, ${bytesText(job.mem[at])}` : "";
    this.say(`Job ${job.id} ${job.name}  ${values}`);
  }

  say(text) {
    document.getElementById("pointed").textContent = text;
  }

  pick(row) {
    const job = this.jobs[Math.max(0, Math.min(row, this.jobs.length - 1))];
    if (job) {
      this.choose(job);
    }
  }

  mark(job) {
    this.chosen = job;
    this.draw();
  }

  /// Scrolls to the selected row if it is not visible.
  follow() {
    const row = this.jobs.indexOf(this.chosen);
    const y = TOP + row * this.rowHeight;
    if (row >= 0 && (y < this.box.scrollTop || y + this.rowHeight > this.box.scrollTop + this.box.clientHeight)) {
      this.box.scrollTop = y - this.box.clientHeight / 2;
    }
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 25, PageUp: -25, Home: -this.jobs.length, End: this.jobs.length };
    if (event.key in steps) {
      event.preventDefault();
      this.pick(this.jobs.indexOf(this.chosen) + steps[event.key]);
      this.follow();
    }
  }
}
