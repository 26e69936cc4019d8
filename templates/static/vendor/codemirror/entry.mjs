// The layout's editor: CodeMirror 6 with XML, Liquid inside of it, and completion of what a template may name.
import {autocompletion, closeBrackets, completionKeymap, startCompletion} from "@codemirror/autocomplete";
import {defaultKeymap, history, historyKeymap} from "@codemirror/commands";
import {xml} from "@codemirror/lang-xml";
import {HighlightStyle, bracketMatching, foldGutter, indentOnInput, syntaxHighlighting} from "@codemirror/language";
import {lintGutter, setDiagnostics} from "@codemirror/lint";
import {highlightSelectionMatches, search, searchKeymap} from "@codemirror/search";
import {EditorState} from "@codemirror/state";
import {Decoration, EditorView, MatchDecorator, ViewPlugin, drawSelection, highlightActiveLine, keymap, lineNumbers}
  from "@codemirror/view";
import {tags} from "@lezer/highlight";

const marks = new MatchDecorator({
  regexp: /\{\{.*?\}\}|\{%.*?%\}|\[\[.*?\]\]|\[%.*?%\]/g,
  decoration: (match) => Decoration.mark({class: match[0][0] === "[" ? "cm-slot" : "cm-liquid"}),
});
const liquid = ViewPlugin.fromClass(class {
  constructor(view) { this.decorations = marks.createDeco(view); }
  update(update) { this.decorations = marks.updateDeco(update, this.decorations); }
}, {decorations: (plugin) => plugin.decorations});

const colours = HighlightStyle.define([
  {tag: tags.tagName, class: "cm-c-tag"}, {tag: tags.attributeName, class: "cm-c-name"},
  {tag: tags.attributeValue, class: "cm-c-value"}, {tag: tags.comment, class: "cm-c-comment"},
  {tag: tags.angleBracket, class: "cm-c-tag"},
]);

/** Completions inside {{ … }}, behind a |, inside {% … %} and [[ … ]]; elsewhere, the tags of MJML. */
function completer({names, filters, blocks, slots, elements}) {
  const as = (words, type) => words.map((word) => typeof word === "string" ? {label: word, type} : {...word, type});
  return (context) => {
    const before = context.state.sliceDoc(Math.max(0, context.pos - 200), context.pos);
    const open = /(\{\{|\{%|\[\[|<\/?)([^{}<>\[\]]*)$/.exec(before);
    if (!open) return null;
    const word = /[\w.\[\]-]*$/.exec(open[2])[0];
    const from = context.pos - word.length;
    const filter = /\|\s*[\w]*$/.test(open[2]);
    const options = open[1] === "[[" ? as(slots, "property")
      : open[1][0] === "<" ? (open[2] === word ? as(elements, "type") : null)
      : filter ? as(filters, "function")
      : open[1] === "{%" && /^-?\s*\w*$/.test(open[2]) ? as(blocks, "keyword") : as(names, "variable");
    return options && {from, options, validFor: /^[\w.\[\]-]*$/};
  };
}

/** The editor in place of a textarea, which it keeps up to date. */
export function mount({textarea, words, changed, label}) {
  const view = new EditorView({
    parent: textarea.parentNode,
    state: EditorState.create({
      doc: textarea.value,
      extensions: [
        lineNumbers(), foldGutter(), history(), drawSelection(), indentOnInput(), bracketMatching(), closeBrackets(),
        highlightActiveLine(), highlightSelectionMatches(), search({top: true}), lintGutter(), xml(), liquid,
        syntaxHighlighting(colours), EditorView.lineWrapping,
        autocompletion({override: [completer(words)], icons: false}),
        EditorView.contentAttributes.of({"aria-label": label}),
        EditorState.readOnly.of(textarea.readOnly),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...searchKeymap]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          textarea.value = update.state.doc.toString();
          changed();
        }),
      ],
    }),
  });
  textarea.hidden = true;
  return {
    insert(text) {
      view.dispatch(view.state.replaceSelection(text), {scrollIntoView: true});
      view.focus();
    },
    set(text) { view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: text}}); },
    go(line) {
      const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines));
      view.dispatch({selection: {anchor: at.from}, effects: EditorView.scrollIntoView(at.from, {y: "center"})});
      view.focus();
    },
    mark(findings) {
      const told = findings.filter((one) => one.line > 0).map((one) => {
        const at = view.state.doc.line(Math.min(one.line, view.state.doc.lines));
        return {from: at.from, to: at.to, severity: one.fatal ? "error" : "warning", message: one.what};
      });
      view.dispatch(setDiagnostics(view.state, told));
    },
    complete: () => startCompletion(view),
    focus: () => view.focus(),
  };
}
