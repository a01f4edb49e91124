"use strict";
(() => {
	const all = (selector, root = document) => [...root.querySelectorAll(selector)];
	const one = (selector, root = document) => root.querySelector(selector);
	const {names, ops} = JSON.parse(one("#data").textContent);

	// make builds an element. Texts become text nodes: nothing is ever parsed as HTML.
	const make = (namespace) => (tag, attributes, ...children) => {
		const element = document.createElementNS(namespace, tag);
		for (const name in attributes) element.setAttribute(name, attributes[name]);
		element.append(...children);
		return element;
	};
	const html = make("http://www.w3.org/1999/xhtml");
	const svg = make("http://www.w3.org/2000/svg");

	// Light and dark.
	one("#theme").addEventListener("click", () => {
		const root = document.documentElement;
		const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
		root.dataset.theme = dark ? "light" : "dark";
	});

	// Details of an op.
	const panel = one("#details");
	let opener;

	function histogram(runs) {
		const width = 360, height = 96, most = Math.max(...runs.counts, 1), bar = width / runs.counts.length;
		const chart = svg("svg", {viewBox: `0 0 ${width} ${height + 18}`, role: "img", "aria-label": `Runs between ${runs.low} and ${runs.high}`});
		runs.counts.forEach((n, i) => {
			const h = n ? Math.max(1, n / most * height) : 0;
			chart.append(svg("rect", {x: i * bar, y: height - h, width: bar - .5, height: h}));
		});
		chart.append(svg("text", {x: 0, y: height + 14}, runs.low));
		chart.append(svg("text", {x: width, y: height + 14, "text-anchor": "end"}, runs.high + (runs.beyond ? `, and ${runs.beyond} longer` : "")));
		runs.marks.forEach((mark, i) => {
			const x = mark.at * width, y = 10 + 13 * i, left = x > width / 2;
			chart.append(svg("line", {x1: x, x2: x, y1: y - 8, y2: height}));
			chart.append(svg("text", {x: left ? x - 4 : x + 4, y, "text-anchor": left ? "end" : "start"}, mark.name));
		});
		return chart;
	}

	function facts(pairs) {
		return html("dl", {class: "facts"}, ...pairs.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", {}, value))));
	}

	function showDetails(id, from) {
		const op = ops[id];
		if (!op) return;
		const close = html("button", {type: "button", class: "quiet close"}, "Close");
		close.addEventListener("click", hideDetails);
		panel.replaceChildren(html("h2", {id: "details-h"}, op.op), html("p", {class: "subtitle"}, op.place), close);
		if (op.runs) panel.append(histogram(op.runs));
		const pairs = [];
		for (let i = 0; i < op.facts.length; i += 2) pairs.push([names[op.facts[i]], op.facts[i + 1]]);
		panel.append(facts(pairs));
		if (op.tensors.length) {
			panel.append(html("h4", {}, "Tensors"), 
				html("dl", {class: "facts tensors"}, ...op.tensors.map(([role, name, text]) =>
					html("div", {}, html("dt", {}, role), html("dd", {}, text, html("span", {class: "code"}, name))))));
		}
		if (!panel.open) panel.show();
		panel.scrollTop = 0;
		opener = from;
		close.focus();
	}

	function hideDetails() {
		panel.close();
		if (opener && opener.isConnected) opener.focus();
	}

	document.addEventListener("click", (event) => {
		const button = event.target.closest("button[data-op]");
		if (button) showDetails(button.dataset.op, button);
	});
	document.addEventListener("keydown", (event) => {
		if (event.key === "Escape" && panel.open) hideDetails();
	});
	document.addEventListener("keyup", (event) => { // on keydown the key would be typed as well
		if (event.key === "/" && !event.target.closest("input")) one(".filter")?.focus();
	});

	// Tables: a click on a heading sorts.
	function sortable(table) {
		const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0], rows = [...body.rows];
		const value = (row, column) => {
			const cell = row.cells[column], text = cell.dataset.v ?? cell.textContent.trim();
			const number = parseFloat(text.replace(/,/g, ""));
			return Number.isNaN(number) ? text : number;
		};
		const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
		heads.forEach((head, column) => {
			if (head.classList.contains("still")) return;
			const button = html("button", {type: "button"}, ...head.childNodes);
			head.replaceChildren(button);
			button.addEventListener("click", () => {
				const first = head.classList.contains("left") ? "ascending" : "descending";
				const second = first === "ascending" ? "descending" : "ascending";
				const order = head.ariaSort === first ? second : first;
				heads.forEach((other) => other.removeAttribute("aria-sort"));
				head.setAttribute("aria-sort", order);
				const sign = order === "ascending" ? 1 : -1;
				const keyed = rows.map((row) => [value(row, column), row]);
				keyed.sort(([a], [b]) => sign * compare(a, b));
				body.append(...keyed.map(([, row]) => row));
			});
		});
	}
	all("table.sortable").forEach(sortable);

	// Filters: rows that hold all words stay.
	for (const filter of all(".filter")) {
		const rows = [...one("#" + filter.dataset.table).tBodies[0].rows], matches = one(".matches", filter.parentNode);
		let texts;
		filter.addEventListener("input", () => {
			texts ??= rows.map((row) => row.textContent.toLowerCase());
			const words = filter.value.toLowerCase().split(/\s+/);
			let n = 0;
			rows.forEach((row, i) => {
				row.hidden = !words.every((word) => texts[i].includes(word));
				n += !row.hidden;
			});
			matches.textContent = words.some(Boolean) ? `${n} of ${rows.length} ops` : "";
		});
	}

	// time shows ns, with the unit that suits them.
	function time(ns) {
		if (ns === 0) return "0";
		const [size, unit] = [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]].find(([size]) => ns >= size) ?? [1, "ns"];
		return `${+(ns / size).toPrecision(6)} ${unit}`;
	}

	// Charts: frames lie at percentages of a canvas, so zooming is making it wider, and panning is scrolling.
	const maxZoom = 400;

	class Chart {
		constructor(box) {
			this.box = box;
			this.canvas = one(".canvas", box);
			this.readout = one(".readout", box.parentNode);
			for (let next = box.nextElementSibling; next; next = next.nextElementSibling) {
				if (next.matches(".readout")) { this.readout = next; break; }
			}
			this.zoomable = ["flame", "timeline"].includes(box.dataset.kind);
			this.scale = 1;
			this.frames = all(".f", box).map((element) => {
				const text = element.firstChild.textContent;
				return {element, text, label: text.split(": ")[0], op: +element.dataset.op,
					x: parseFloat(element.getAttribute("x")) / 100, width: parseFloat(element.getAttribute("width")) / 100, y: +element.getAttribute("y")};
			});
			this.byElement = new Map(this.frames.map((frame) => [frame.element, frame]));
			this.listen();
			this.label();
		}

		listen() {
			const {box} = this;
			box.addEventListener("pointerover", (event) => this.tell(this.frameOf(event)));
			box.addEventListener("click", (event) => {
				if (!this.dragged) this.choose(this.frameOf(event));
			});
			box.addEventListener("keydown", (event) => this.key(event));
			if (!this.zoomable) return;
			box.addEventListener("scroll", () => this.later(), {passive: true});
			addEventListener("resize", () => this.later());
			box.addEventListener("wheel", (event) => {
				if (!event.ctrlKey && !event.metaKey) return;
				event.preventDefault();
				this.zoom(this.scale * Math.exp(-event.deltaY / 200), event.clientX - box.getBoundingClientRect().left);
			}, {passive: false});
			this.drag();
			this.pinch();
			const tools = all("[data-zoom]", box.parentNode);
			for (const button of tools) {
				button.addEventListener("click", () => this.zoom({in: this.scale * 2, out: this.scale / 2, all: 1}[button.dataset.zoom]));
			}
		}

		frameOf(event) { return this.byElement.get(event.target.closest(".f")); }

		// zoom keeps what is at the place (px in the box) where it is.
		zoom(scale, place = this.box.clientWidth / 2) {
			const {box} = this, at = (box.scrollLeft + place) / (box.clientWidth * this.scale);
			this.scale = Math.min(Math.max(scale, 1), maxZoom);
			this.canvas.style.width = 100 * this.scale + "%";
			box.scrollLeft = at * box.clientWidth * this.scale - place;
			this.label();
		}

		// fill makes a frame as wide as the box.
		fill(frame) {
			this.scale = Math.min(1 / frame.width, maxZoom);
			this.canvas.style.width = 100 * this.scale + "%";
			this.box.scrollLeft = frame.x * this.box.clientWidth * this.scale;
			this.label();
		}

		later() {
			if (this.pending) return;
			this.pending = requestAnimationFrame(() => { this.pending = 0; this.label(); });
		}

		// label writes names on the visible parts of frames that are wide enough.
		label() {
			if (!this.zoomable) return;
			this.axis();
			const view = this.box.clientWidth, width = view * this.scale, left = this.box.scrollLeft;
			for (const frame of this.frames) {
				const from = Math.max(frame.x * width, left), to = Math.min((frame.x + frame.width) * width, left + view);
				const room = Math.floor((to - from - 8) / 6.8);
				let text = frame.element.lastChild;
				if (text.localName !== "text") text = null;
				if (room < 3) {
					if (text) text.remove();
					continue;
				}
				if (!text) {
					text = svg("text", {y: 15});
					frame.element.append(text);
				}
				text.setAttribute("x", from - frame.x * width + 5);
				text.textContent = frame.label.length > room ? frame.label.slice(0, room - 1) + "…" : frame.label;
			}
		}

		// axis marks times about every 110 px of what is to be seen.
		axis() {
			const total = +this.box.dataset.total, ticks = one(".ticks", this.canvas);
			if (!total || !ticks) return;
			const view = this.box.clientWidth, width = view * this.scale, left = this.box.scrollLeft;
			const least = total * 110 / width, power = 10 ** Math.floor(Math.log10(least));
			const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= least);
			ticks.replaceChildren();
			for (let n = Math.floor(left / width * total / step); n * step < Math.min((left + view) / width, 1) * total; n++) {
				const x = n * step / total * width;
				ticks.append(svg("line", {x1: x, x2: x, y1: 0, y2: "100%"}), svg("text", {x: x + 4, y: 12}, time(n * step)));
			}
			for (const lane of all(".lane", this.canvas)) lane.setAttribute("x", left);
		}

		drag() {
			let start = null;
			this.box.addEventListener("pointerdown", (event) => {
				this.dragged = false;
				if (event.pointerType === "mouse") start = {x: event.clientX, left: this.box.scrollLeft};
			});
			addEventListener("pointermove", (event) => {
				if (!start) return;
				const by = event.clientX - start.x;
				this.dragged ||= Math.abs(by) > 4;
				if (this.dragged) this.box.scrollLeft = start.left - by;
			});
			addEventListener("pointerup", () => { start = null; });
		}

		pinch() {
			let before = 0;
			const distance = ([a, b]) => Math.abs(a.clientX - b.clientX) + Math.abs(a.clientY - b.clientY);
			this.box.addEventListener("touchmove", (event) => {
				if (event.touches.length !== 2) { before = 0; return; }
				event.preventDefault();
				const now = distance(event.touches), [a, b] = event.touches;
				if (before) this.zoom(this.scale * now / before, (a.clientX + b.clientX) / 2 - this.box.getBoundingClientRect().left);
				before = now;
			}, {passive: false});
			this.box.addEventListener("touchend", () => { before = 0; });
		}

		tell(frame) {
			if (frame) this.readout.textContent = frame.text;
		}

		mark(frame) {
			if (this.marked) this.marked.element.classList.remove("on");
			this.marked = frame;
			frame.element.classList.add("on");
			this.tell(frame);
		}

		choose(frame) {
			if (!frame) return;
			this.mark(frame);
			const filled = Math.abs(this.scale * frame.width - 1) < .01 || 1 / frame.width > maxZoom;
			if (this.box.dataset.kind === "flame" && !(filled && frame.op >= 0)) this.fill(frame);
			else if (frame.op >= 0) showDetails(frame.op, this.box);
		}

		key(event) {
			const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
			if (step) this.move(...step);
			else if (event.key === "Enter" && this.marked) this.choose(this.marked);
			else if (this.zoomable && (event.key === "+" || event.key === "=")) this.zoom(this.scale * 2);
			else if (this.zoomable && event.key === "-") this.zoom(this.scale / 2);
			else if (this.zoomable && event.key === "0") this.zoom(1);
			else return;
			event.preventDefault();
		}

		// move marks the next frame to a side, or the one above or below.
		move(aside, down) {
			const from = this.marked;
			if (!from) {
				if (this.frames.length) this.mark(this.frames[0]);
				return;
			}
			const middle = from.x + from.width / 2;
			let best, nearest = Infinity;
			for (const frame of this.frames) {
				const away = down ? (frame.y - from.y) * down : (frame.x - from.x) * aside;
				if (away <= 0 || !down && frame.y !== from.y) continue;
				const inside = frame.x <= middle && middle <= frame.x + frame.width;
				const distance = down ? away + (inside ? 0 : Math.abs(frame.x + frame.width / 2 - middle)) : away;
				if (distance < nearest) [best, nearest] = [frame, distance];
			}
			if (!best) return;
			this.mark(best);
			const width = this.box.clientWidth * this.scale, left = best.x * width, right = left + best.width * width;
			if (left < this.box.scrollLeft || right > this.box.scrollLeft + this.box.clientWidth) this.box.scrollLeft = left - 24;
		}
	}

	// A chart is made when it comes into sight, or into focus: a large model's take time.
	const charts = new Map();
	const show = (box) => { if (!charts.has(box)) charts.set(box, new Chart(box)); };
	const sight = new IntersectionObserver((seen) => {
		for (const {isIntersecting, target} of seen) if (isIntersecting) show(target);
	}, {rootMargin: "50%"});
	for (const box of all(".chart")) {
		sight.observe(box);
		box.addEventListener("focus", () => show(box));
	}
	addEventListener("beforeprint", () => {
		all(".chart").forEach(show);
		for (const details of all("details")) details.open = true;
	});
})();
