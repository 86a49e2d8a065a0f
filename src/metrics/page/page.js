// Connects data, charts and table. The page already has the table; this script sorts and filters it.

/// Prepares the data of the page: computes absolute times, and each job's step and gap (in seconds; after a gap,
/// nothing was measured).
function readData() {
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const job of data.jobs) {
    let time = job.start;
    job.time = job.steps.map((step) => (time += step / 10));
    job.mem = job.mem.map((kib) => kib * 1024);
    const points = job.time.map((each) => [each]);
    job.gap = gapOf(points);
    job.step = job.gap < Infinity ? job.gap / 5 : Math.max((data.to - data.from) / 300, 0.2);
    job.gap = Math.min(job.gap, data.to - data.from);
    job.row = document.getElementById(job.anchor);
  }
  return data;
}

const zip = (times, values) => times.map((time, i) => [time, values[i]]);

/// The time range of a machine's charts: the whole range, so that machines can be compared, unless the machine took
/// part in only a small part of it.
function rangeOf(machine, data) {
  const [from, to] = [machine.time[0], machine.time[machine.time.length - 1]];
  return to - from < (data.to - data.from) / 5 ? { from, to: Math.max(to, from + 1) } : { from: data.from, to: data.to };
}

function showMachines(data) {
  const host = document.getElementById("machine-charts");
  const machines = data.machines.filter((machine) => machine.time.length > 0);
  document.getElementById("machines").hidden = machines.length === 0;
  host.replaceChildren();
  for (const machine of machines) {
    const heading = document.createElement("h3");
    const range = rangeOf(machine, data);
    heading.textContent = range.from === data.from ? machine.name : `${machine.name}, ${dateText(range.from)}`;
    const pair = document.createElement("div");
    pair.className = "pair";
    host.append(heading, pair);
    const whole = pair.clientWidth || 900;
    const width = whole < 680 ? whole : whole / 2 - 12;
    const common = { ...range, isClock: true, width, height: 150 };
    const peaks = `peak ${percentText(machine.peak.cpu)}, average ${percentText(machine.average.cpu)}`;
    const memory = `peak ${bytesText(machine.peak.mem)}, average ${bytesText(machine.average.mem)}`;
    pair.append(
      chart({ ...common, kind: "cpu", title: "CPU (100 % is all CPUs)", label: `CPU of ${machine.name}: ${peaks}`,
              points: zip(machine.time, machine.cpu), limit: 100, limitName: "all", isCapacity: true, format: percentText }),
      chart({ ...common, kind: "mem", title: "Memory", label: `Memory of ${machine.name}: ${memory}`,
              points: zip(machine.time, machine.mem), limit: machine.total, limitName: "all", isCapacity: true, format: bytesText }));
  }
}

function factsOf(job, data) {
  const of = (request, format) => (request ? ` of ${format(request)} requested` : "");
  const facts = [
    ["CPU", `peak ${percentText(job.peak.cpu)}${of(job.request.cpu, percentText)}, average ${percentText(job.average.cpu)}`],
    ["Memory", `peak ${bytesText(job.peak.mem)}${of(job.request.mem, bytesText)}, average ${bytesText(job.average.mem)}`],
    ["Processes", `at most ${job.processes}`],
    ["Sampled", `from ${dateText(job.start)} for ${durationText(job.end - job.start)}, ${job.samples} samples`],
  ];
  if (data.machines.length > 1) {
    facts.push(["Machine", data.machines[job.machine].name]);
  }
  return facts;
}

function showDetail(job, data) {
  document.getElementById("detail-title").textContent = `Job ${job.id}: ${job.name}`;
  const facts = document.getElementById("detail-facts");
  facts.replaceChildren();
  for (const [name, text] of factsOf(job, data)) {
    const term = document.createElement("dt");
    const value = document.createElement("dd");
    term.textContent = name;
    value.textContent = text;
    facts.append(term, value);
  }
  const host = document.getElementById("detail-charts");
  const to = Math.max(job.end, job.start + 1);
  const common = { from: job.start, to, isClock: false, width: Math.max(host.clientWidth, 280), height: 190, limitName: "requested" };
  host.replaceChildren(
    chart({ ...common, kind: "cpu", title: "CPU (100 % is one CPU)", label: `CPU of job ${job.id} over ${durationText(to - job.start)}`,
            points: zip(job.time, job.cpu), limit: job.request.cpu, format: percentText }),
    chart({ ...common, kind: "mem", title: "Memory", label: `Memory of job ${job.id} over ${durationText(to - job.start)}`,
            points: zip(job.time, job.mem), limit: job.request.mem, format: bytesText }));
}

const isOver = (job) => job.peak.cpu > (job.request.cpu || Infinity) || job.peak.mem > (job.request.mem || Infinity);

const KEYS = {
  id: (job) => job.id, name: (job) => job.name.toLowerCase(), machine: (job) => job.machine, start: (job) => job.start,
  cpu: (job) => job.peak.cpu, mem: (job) => job.peak.mem, time: (job) => job.end - job.start,
  cpu_request: (job) => job.request.cpu || 0, mem_request: (job) => job.request.mem || 0,
  cpu_average: (job) => job.average.cpu, mem_average: (job) => job.average.mem, processes: (job) => job.processes,
};

function sorted(jobs, key, isDescending) {
  const of = KEYS[key];
  const compare = (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0);
  return [...jobs].sort((a, b) => (isDescending ? compare(b, a) : compare(a, b)) || a.id - b.id);
}

function sortTable(data, heading) {
  const isAscending = heading.getAttribute("aria-sort") === "descending";
  const body = document.querySelector("#table tbody");
  body.append(...sorted(data.jobs, heading.dataset.key, !isAscending).map((job) => job.row));
  document.querySelectorAll("#table th[aria-sort]").forEach((each) => each.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", isAscending ? "ascending" : "descending");
}

function makeSortable(data) {
  document.querySelectorAll("#table thead th").forEach((heading) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sortTable(data, heading));
    heading.replaceChildren(button);
  });
}

function filtered(data) {
  const words = document.getElementById("search").value.toLowerCase().split(/\s+/).filter(Boolean);
  const onlyOver = document.getElementById("over").checked;
  return data.jobs.filter((job) => {
    const text = `${job.id} ${job.name.toLowerCase()}`;
    return words.every((word) => text.includes(word)) && (!onlyOver || isOver(job));
  });
}

function startJobs(data) {
  let chosen = null;
  const overview = new Overview(data, (job) => {
    history.replaceState(null, "", `#${job.anchor}`);
    choose(job);
  });

  function choose(job) {
    if (chosen) {
      chosen.row.classList.remove("chosen");
    }
    chosen = job;
    job.row.classList.add("chosen");
    overview.mark(job);
    showDetail(job, data);
  }

  function refresh() {
    const jobs = filtered(data);
    const order = document.getElementById("order").value;
    const shown = new Set(jobs);
    data.jobs.forEach((job) => { job.row.hidden = !shown.has(job); });
    const count = jobs.length === data.jobs.length ? `${jobs.length} jobs` : `${jobs.length} of ${data.jobs.length} jobs`;
    const cut = jobs.length > MOST_ROWS ? `, the first ${MOST_ROWS} drawn` : "";
    document.getElementById("count").textContent = count + cut;
    overview.show(sorted(jobs, order, ["cpu", "mem", "time"].includes(order)), document.getElementById("measure").value,
                  document.getElementById("align").value === "clock");
  }

  function followHash() {
    const job = data.jobs.find((each) => `#${each.anchor}` === location.hash);
    if (job) {
      choose(job);
      overview.follow();
      document.getElementById("detail").scrollIntoView({ block: "nearest" });
    }
  }

  for (const id of ["search", "measure", "order", "align", "over"]) {
    document.getElementById(id).addEventListener("input", () => {
      refresh();
      overview.box.scrollTop = 0;
    });
  }
  document.querySelector("#table tbody").addEventListener("click", (event) => {
    const row = event.target.closest("tr");
    const job = data.jobs.find((each) => each.row === row);
    if (job && !window.getSelection().toString()) {
      choose(job);
    }
  });
  window.addEventListener("hashchange", followHash);
  makeSortable(data);
  // By clock time, short jobs among many would only be dots on a diagonal.
  const isShort = (job) => job.end - job.start < (data.to - data.from) / 5;
  document.getElementById("align").value = data.jobs.every(isShort) ? "start" : "clock";
  refresh();
  choose(sorted(data.jobs, "mem", true)[0]);
  followHash();
  return () => { refresh(); showDetail(chosen, data); };
}

function start() {
  const data = readData();
  document.getElementById("period").textContent = `${dateText(data.from)} to ${dateText(data.to)}`;
  let redrawJobs = () => {};
  const fold = document.getElementById("machines-fold");
  fold.open = data.machines.length <= 4;
  fold.addEventListener("toggle", () => showMachines(data));  // hidden charts have no width
  showMachines(data);
  if (data.jobs.length > 0) {
    document.getElementById("jobs").hidden = false;
    document.getElementById("jobs").classList.toggle("single", data.jobs.length === 1);
    redrawJobs = startJobs(data);
  }
  let timer = 0;
  const redraw = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { showMachines(data); redrawJobs(); }, 80);
  };
  window.addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
}

start();
