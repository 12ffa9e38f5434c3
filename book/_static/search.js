// The search page: look up the words of a question in the index that `found.py` has written.
"use strict";

const Search = (() => {
  const FOLDED = { á: "a", à: "a", â: "a", ä: "a", é: "e", è: "e", ê: "e", ë: "e", í: "i", ó: "o",
    ô: "o", ö: "o", ú: "u", ü: "u", ñ: "n", ç: "c" };
  // Results that are shown, and letters of an excerpt.
  const MOST = 30;
  const AROUND = 220;
  // What the book's word for a thing is worth beside the reader's own.
  const ALIKE = 0.7;

  const fold = (text) =>
    text.toLowerCase().replaceAll(/[áàâäéèêëíóôöúüñç]/gu, (c) => FOLDED[c]).replaceAll("’", "'");

  const stem = (stemmer, word) => stemmer.stemWord(word.replace(/'s$/u, "").replaceAll("'", ""));

  /** Stems of a text, as `found.py` makes them: single words, then pairs that a hyphen joins. */
  function stems(text, stemmer) {
    const folded = fold(text)
      .replaceAll(/\b(\w{4,})is(e[sd]?|ing|ations?)\b/gu, "$1iz$2")
      .replaceAll("licence", "license");
    const single = folded.match(/[a-z0-9]+(?:'[a-z]+)?/gu) ?? [];
    const joined = [...folded.matchAll(/\b([a-z0-9]+)-([a-z0-9]+)\b/gu)].map((m) => m[1] + m[2]);
    const cut = (list) => list.map((word) => stem(stemmer, word)).filter(Boolean);
    return { single: cut(single), joined: cut(joined) };
  }

  /** What the index says of a stem: itself, or what it may be the beginning of. */
  function postings(index, word, last) {
    if (Object.hasOwn(index.words, word)) {
      return [[index.words[word], 1]];
    }
    if (!last || word.length < 3) {
      return [];
    }
    return Object.keys(index.words)
      .filter((known) => known.startsWith(word))
      .slice(0, 20)
      .map((known) => [index.words[known], 0.5]);
  }

  /** Whether the stems stand one after the other in a title. */
  const names = (title, asked) =>
    title.some((_, k) => asked.every((word, j) => title[k + j] === word));

  /** Sections that answer a question, the best first; of equals, the first in the book. */
  function find(index, question, stemmer) {
    const { single, joined } = stems(question, stemmer);
    const common = new Set(index.common.map((word) => stem(stemmer, word)));
    const telling = single.filter((word) => !common.has(word));
    const asked = telling.length > 0 ? telling : single;
    const found = new Map();
    const add = (word, answered, last, worth = 1) => {
      for (const [list, share] of postings(index, word, last)) {
        for (let i = 0; i < list.length; i += 2) {
          const hit = found.get(list[i]) ?? { score: 0, hits: new Set() };
          hit.score += worth * share * list[i + 1];
          answered.forEach((k) => hit.hits.add(k));
          found.set(list[i], hit);
        }
      }
    };
    asked.forEach((word, k) => {
      add(word, [k], k === asked.length - 1);
      (index.alike[word] ?? []).forEach((ours) => add(ours, [k], false, ALIKE));
    });
    joined.forEach((word) => add(word, [], false));
    if (asked.length === 2) {
      // "k means" for "k-means"
      add(asked.join(""), [0, 1], false);
    }
    const results = [...found].map(([number, { score, hits }]) => {
      const title = stems(index.sections[number][1], stemmer).single;
      const about = names(title, asked) ? 1.3 : 1;
      return { number, score: score * about * (hits.size / asked.length) ** 2 };
    });
    results.sort((a, b) => b.score - a.score || a.number - b.number);
    return { asked: new Set([...asked, ...joined]), results: results.slice(0, MOST) };
  }

  /** The part of a text where most of the words are, as [text, whether it was asked for]. */
  function excerpt(text, asked, stemmer) {
    const marks = [...text.matchAll(/[\p{L}\p{N}]+(?:['’]\p{L}+)?/gu)].filter((m) =>
      asked.has(stem(stemmer, fold(m[0]))),
    );
    let begin = 0;
    let most = 0;
    for (const { index } of marks) {
      const seen = new Set(
        marks
          .filter((m) => m.index >= index && m.index < index + AROUND)
          .map((m) => stem(stemmer, fold(m[0]))),
      );
      if (seen.size > most) {
        [most, begin] = [seen.size, Math.max(0, index - 40)];
      }
    }
    if (begin) {
      begin = text.indexOf(" ", begin) + 1;
    }
    let end = Math.min(text.length, begin + AROUND);
    if (end < text.length) {
      end = Math.max(begin, text.lastIndexOf(" ", end));
    }
    const parts = [];
    let at = begin;
    for (const m of marks.filter((n) => n.index >= begin && n.index + n[0].length <= end)) {
      parts.push([text.slice(at, m.index), false], [m[0], true]);
      at = m.index + m[0].length;
    }
    parts.push([text.slice(at, end), false]);
    if (begin) {
      parts.unshift(["… ", false]);
    }
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
  function showOne(list, [place, title, page, text], asked, stemmer) {
    const item = within(list, "li");
    const link = within(item, "a");
    link.href = (document.documentElement.dataset.content_root ?? "") + place;
    link.textContent = title;
    if (page !== title) {
      item.append(` · ${page}`);
    }
    const around = within(item, "p");
    for (const [part, marked] of excerpt(text, asked, stemmer)) {
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
    const { asked, results } = find(index, question, stemmer);
    document.querySelector("#search-count").textContent =
      results.length > 0
        ? `${howMany(results.length)} for “${question}”`
        : `Nothing was found for “${question}”. Another word may help; the index lists all terms.`;
    const list = document.querySelector("#search-results");
    for (const { number } of results) {
      showOne(list, index.sections[number], asked, stemmer);
    }
  }

  return { stems, find, excerpt, show };
})();

globalThis.courseSearch = Search;
if (globalThis.document) {
  Search.show(globalThis.searchWords, new globalThis.Stemmer());
}
