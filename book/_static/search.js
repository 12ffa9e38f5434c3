// The search page: rank the sections that `found.py` has collected for a question, and show them.
"use strict";

const Search = (() => {
  // Results that are shown, and letters of an excerpt.
  const MOST = 30;
  const AROUND = 220;
  // How soon repetitions stop to count, and how much a long section is discounted (BM25).
  const K1 = 1.2;
  const B = 0.6;
  // What a name that is what was asked for is worth beside prose, and one that is not the title.
  const NAMED = 3;
  const OTHER = 0.9;
  // What a word that is spelt otherwise is worth.
  const SPELT = 0.8;
  // The opening of a page promises what its sections keep.
  const OPENING = 0.5;
  // Names in code are looked up in the reference.
  const REFERENCE = "book/reference/";
  const CODE = /[a-z][_.][a-z]|[a-z][A-Z]/u;

  /** A text in small letters without accents, "iid" for "i.i.d.". */
  const fold = (text) =>
    text
      .toLowerCase()
      .normalize("NFD")
      .replaceAll(/\p{M}/gu, "")
      .replaceAll("’", "'")
      .replaceAll(/\b([a-z])\.(?=[a-z]\b)/gu, "$1");

  /** Words of a text, stems of words in one spelling, and stems of all words so far. */
  function stemming(stemmer) {
    const known = new Map();
    const stem = (word) => {
      if (!known.has(word)) {
        const plain = word
          .replace(/'s$/u, "")
          .replaceAll("'", "")
          .replace(/^(\w{4,})is(e[sd]?|ing|ations?)$/u, "$1iz$2")
          .replace(/cent(?:er|re?)(?:d|ed|ing|s)?$/u, "centr")
          .replace("licence", "license");
        known.set(word, stemmer.stemWord(plain));
      }
      return known.get(word);
    };
    const words = (text) => fold(text).match(/[a-z0-9]+(?:'[a-z]+|\+\+)?/gu) ?? [];
    const stems = (text) => words(text).map((word) => stem(word)).filter(Boolean);
    // Of "R-hat" and "non-centred" in a text the parts, by the stem of what others write as one word.
    const parted = new Map();
    const learn = (text) => {
      for (const [, first, second] of fold(text).matchAll(/\b([a-z]+)-([a-z]{2,})\b/gu)) {
        parted.set(stem(first + second), [first, second]);
      }
    };
    return { known, words, stem, stems, learn, parted };
  }

  /** The names of a title: all of it, and its parts. */
  function titles(title) {
    const whole = title.replace(/^\d+\. /u, "");
    return [whole, ...whole.split(/: |, (?:and )?/u), ...title.split(".").slice(-1)];
  }

  /** What there is to know of the sections before a question is asked. */
  function prepare(index, stemmer) {
    const { known, words, stem, stems, learn, parted } = stemming(stemmer);
    const common = new Set(stems(index.common.join(" ")));
    const telling = (text) => {
      const all = words(text).filter((word) => stem(word));
      const rest = all.filter((word) => !common.has(stem(word)));
      return rest.length > 0 ? rest : all;
    };
    const named = (name, share) => ({ stems: telling(name).map((word) => stem(word)), share });
    // In how many sections a word stands.
    const spread = new Map();
    const sections = index.sections.map(([place, title, page, worth, others, prose]) => {
      const counts = new Map();
      const text = [title, page, ...others, prose].join(" ");
      learn(text);
      for (const word of stems(text)) {
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      for (const word of counts.keys()) {
        spread.set(word, (spread.get(word) ?? 0) + 1);
      }
      const names = [
        ...titles(title).map((name) => named(name, 1)),
        ...others.map((name) => named(name, OTHER)),
      ].filter((name) => name.stems.length > 0);
      return { place, title, page, worth, prose, names, counts, length: prose.length };
    });
    const average = sections.reduce((sum, { length }) => sum + length, 0) / sections.length;
    const rare = (word) => {
      const n = spread.get(word) ?? 0;
      return Math.log(1 + (sections.length - n + 0.5) / (n + 0.5));
    };
    const part = (word) => (spread.has(stem(word)) ? [word] : (parted.get(stem(word)) ?? [word]));
    return { known, stem, telling, part, spread, sections, average, rare };
  }

  /** Whether a letter is another, missing, or too many, or two have changed places. */
  function near(a, b) {
    let i = 0;
    while (i < a.length && a[i] === b[i]) {
      i += 1;
    }
    const [x, y] = [a.slice(i), b.slice(i)];
    const exchanged = x[0] === y[1] && x[1] === y[0] && x.slice(2) === y.slice(2);
    return exchanged || x.slice(1) === y.slice(1) || x.slice(1) === y || x === y.slice(1);
  }

  /** The stems that stand in the book and that a word may mean, with what each is worth. */
  function meanings({ known, stem, spread }, word, last) {
    if (spread.has(stem(word))) {
      return new Map([[stem(word), 1]]);
    }
    const found = new Map();
    for (const [other, meant] of known) {
      const alike = near(word, other) || (last && other.startsWith(word));
      if (word.length > 4 && other[0] === word[0] && alike && spread.has(meant)) {
        found.set(meant, SPELT);
      }
    }
    return found;
  }

  /** What a question asks for: for each of its words, what it may mean, and how rare that is. */
  function understand(book, question) {
    const words = book.telling(question).flatMap((word) => book.part(word));
    const list = words.map((word) => book.stem(word));
    const meant = words.map((word, k) => meanings(book, word, k === words.length - 1));
    for (let k = 1; k < list.length; k += 1) {
      // "hyper-prior", "over dispersion"
      const joined = list[k - 1] + list[k];
      if (book.spread.has(joined)) {
        meant[k - 1].set(joined, 1);
        meant[k].set(joined, 1);
      }
    }
    const asked = [];
    for (const stems of meant) {
      if (stems.size > 0) {
        asked.push({ stems, rare: Math.max(...Array.from(stems.keys(), (one) => book.rare(one))) });
      }
    }
    const weight = asked.reduce((sum, { rare }) => sum + rare, 0);
    return { asked, weight, together: list.join(""), code: CODE.test(question) };
  }

  /** How well a name fits a question, from zero to one: what it has of it, and what it has besides. */
  function fit(book, name, { asked, weight, together }) {
    // Also "kmeans" for "k-means".
    if (name.join("") === together) {
      return 1;
    }
    const rest = new Set(name);
    let shared = 0;
    for (const { stems, rare } of asked) {
      for (const [word, worth] of stems) {
        if (rest.delete(word)) {
          shared += rare * worth;
          break;
        }
      }
    }
    if (shared === 0) {
      return 0;
    }
    const size = name.reduce((sum, word) => sum + book.rare(word), 0);
    return ((shared / weight) ** 3 * shared) / Math.max(size, shared);
  }

  /** How much a section says about what is asked, all its words counted alike. */
  function said(book, { place, counts, length }, { asked, weight }) {
    const late = K1 * (1 - B + (B * length) / book.average);
    let sum = 0;
    let covered = 0;
    for (const { stems, rare } of asked) {
      let best = 0;
      for (const [word, worth] of stems) {
        const n = counts.get(word) ?? 0;
        best = Math.max(best, (worth * book.rare(word) * n * (K1 + 1)) / (n + late));
      }
      sum += best;
      covered += best > 0 ? rare : 0;
    }
    return (sum * covered * (place.includes("#") ? 1 : OPENING)) / weight;
  }

  /** Sections that answer a question, the best first; of equals, the first in the book. */
  function find(book, question) {
    const wanted = understand(book, question);
    const results = [];
    book.sections.forEach((section, number) => {
      let named = 0;
      for (const { stems, share } of section.names) {
        named = Math.max(named, share * fit(book, stems, wanted));
      }
      const worth = wanted.code && section.place.startsWith(REFERENCE) ? 1 : section.worth;
      const prose = wanted.weight > 0 ? said(book, section, wanted) : 0;
      const score = worth * (prose + NAMED * (wanted.weight || 1) * named);
      if (score > 0) {
        results.push({ number, score });
      }
    });
    results.sort((a, b) => b.score - a.score || a.number - b.number);
    const asked = new Set(wanted.asked.flatMap(({ stems }) => Array.from(stems.keys())));
    return { asked, results: results.slice(0, MOST) };
  }

  /** The part of a text where most of the words are, as [text, whether it was asked for]. */
  function excerpt({ stem }, text, asked) {
    const marks = [...text.matchAll(/[\p{L}\p{N}]+(?:['’]\p{L}+)?/gu)]
      .map((m) => ({ begin: m.index, end: m.index + m[0].length, stem: stem(fold(m[0])) }))
      .filter((m) => asked.has(m.stem));
    let begin = 0;
    let most = 0;
    for (const { begin: from } of marks) {
      const there = marks.filter((m) => m.begin >= from && m.end < from + AROUND);
      const { size } = new Set(there.map((m) => m.stem));
      if (size > most) {
        [most, begin] = [size, Math.max(0, from - 40)];
      }
    }
    begin &&= text.indexOf(" ", begin) + 1;
    let end = Math.min(text.length, begin + AROUND);
    if (end < text.length) {
      end = Math.max(begin, text.lastIndexOf(" ", end));
    }
    const parts = begin ? [["… ", false]] : [];
    let at = begin;
    for (const m of marks.filter((n) => n.begin >= begin && n.end <= end)) {
      parts.push([text.slice(at, m.begin), false], [text.slice(m.begin, m.end), true]);
      at = m.end;
    }
    parts.push([text.slice(at, end), false]);
    if (end < text.length) {
      parts.push([" …", false]);
    }
    return parts;
  }

  /** A new element at the end of another. */
  function within(parent, tag) {
    const element = document.createElement(tag);
    parent.append(element);
    return element;
  }

  /** One result: where it leads, and the words around what was asked for. */
  function showOne(list, book, { place, title, page, prose }, asked) {
    const item = within(list, "li");
    const link = within(item, "a");
    link.href = (document.documentElement.dataset.content_root ?? "") + place;
    link.textContent = title;
    if (page !== title) {
      item.append(` · ${page}`);
    }
    const around = within(item, "p");
    for (const [part, marked] of excerpt(book, prose, asked)) {
      (marked ? within(around, "mark") : around).append(part);
    }
  }

  function howMany(count) {
    if (count === 1) {
      return "One section";
    }
    return count === MOST ? `The best ${MOST} sections` : `${count} sections`;
  }

  /** Show what answers the question in the address of the page. */
  function show(index, stemmer) {
    const question = new URLSearchParams(location.search).get("q")?.trim() ?? "";
    const field = document.querySelector("#search-words");
    field.value = question;
    field.focus();
    if (!question) {
      return;
    }
    document.title = `${question} — ${document.title}`;
    const book = prepare(index, stemmer);
    const { asked, results } = find(book, question);
    document.querySelector("#search-count").textContent =
      results.length > 0
        ? `${howMany(results.length)} for “${question}”`
        : `Nothing was found for “${question}”. Another word may help; the index lists all terms.`;
    const list = document.querySelector("#search-results");
    for (const { number } of results) {
      showOne(list, book, book.sections[number], asked);
    }
  }

  return { stemming, prepare, find, excerpt, show };
})();

globalThis.courseSearch = Search;
if (globalThis.document) {
  Search.show(globalThis.searchIndex, new globalThis.Stemmer());
}
