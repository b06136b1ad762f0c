/** The document as a page: no script, nothing from elsewhere. Pure. */
import { createHash } from 'node:crypto';
import type { OpenApiDocument, OpenApiOperation } from './document.ts';

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; }
details { border: 1px solid #ccd3dc; border-radius: 4px; margin: .4rem 0; }
summary { cursor: pointer; padding: .4rem .8rem; } details > div { padding: 0 .8rem .8rem; }
code, pre { font: 14px/1.45 ui-monospace, monospace; } pre { background: #f2f4f7; padding: .8rem; overflow-x: auto; }
.method { display: inline-block; width: 4.5em; font-weight: 600; text-transform: uppercase; }
.said { color: #55606e; margin-left: .8em; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; }
@media (prefers-color-scheme: dark) {
  body { background: #14181e; color: #dde3ea; } pre { background: #1f252d; } details { border-color: #39424e; }
  .said { color: #9aa5b1; } a { color: #8ab4f8; }
}`;

/** The page may show itself by its own style and do nothing else. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign);
/** As Markdown has it. */
const prose = (text: string): string => escaped(text).replace(/`([^`]+)`/g, '<code>$1</code>');

/** A page that shows the document, with a command for each operation to try it with. */
export function documentPage(document: OpenApiDocument): string {
  const { info, tags, servers, components } = document;
  const base = servers[0]?.url ?? '';
  const groups = tags.map(({ name }) => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods)
        .filter(([, operation]) => operation.tags.includes(name))
        .map(([method, operation]) => operationPart({ method, path, base }, operation)),
    );
    return `<h2>${escaped(name)}</h2>\n${operations.join('\n')}`;
  });
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) =>
      `<details id="schema-${escaped(name)}"><summary><code>${escaped(name)}</code></summary><div>${schemaPart(schema)}</div></details>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(info.title)}</title><style>${STYLE}</style></head>
<body>
<h1>${escaped(info.title)} ${escaped(info.version)}</h1>
<p>${prose(info.description)} The same for programs: <a href="openapi.json">openapi.json</a>.</p>
${groups.join('\n')}
<h2>Schemas</h2>
${schemas.join('\n')}
</body>
</html>
`;
}

interface Place {
  method: string;
  path: string;
  base: string;
}

function operationPart(place: Place, operation: OpenApiOperation): string {
  const { operationId, summary, description, parameters = [], requestBody, responses } = operation;
  const body = requestBody?.content['application/json'];
  const rows = parameters.map(
    ({ name, in: where, description: says = '', schema }) =>
      `<tr><td><code>${escaped(name)}</code></td><td>${where}</td><td>${prose(says)} <code>${escaped(JSON.stringify(schema))}</code></td></tr>`,
  );
  const answers = Object.entries(responses).map(
    ([status, { description: says, content = {} }]) =>
      `<tr><td>${escaped(status)}</td><td>${prose(says)}</td><td>${Object.entries(content).map(contentPart).join('<br>')}</td></tr>`,
  );
  return `<details id="${escaped(operationId)}"><summary><span class="method">${escaped(place.method)}</span><code>${escaped(place.path)}</code><span class="said">${prose(summary)}</span></summary><div>
<p>${prose(description)}</p>
${rows.length > 0 ? `<table><tr><th>Parameter</th><th>In</th><th></th></tr>${rows.join('')}</table>` : ''}
${body ? `<p>Body: ${schemaLink(body.schema)}</p>` : ''}
<pre>${escaped(commandFor(place, body?.example))}</pre>
<table><tr><th>Status</th><th></th><th>Body</th></tr>${answers.join('')}</table>
</div></details>`;
}

const contentPart = ([type, { schema }]: [string, { schema: object }]): string =>
  `${schemaLink(schema)}${type === 'application/json' ? '' : `, each event of <code>${escaped(type)}</code>`}`;

const REF = /^#\/components\/schemas\/(\w+)$/;

function schemaLink(schema: object): string {
  const [, name] = REF.exec('$ref' in schema ? String(schema.$ref) : '') ?? [];
  return name === undefined
    ? `<code>${escaped(JSON.stringify(schema))}</code>`
    : `<a href="#schema-${name}"><code>${name}</code></a>`;
}

const schemaPart = (schema: object): string =>
  `<pre>${escaped(JSON.stringify(schema, null, 2)).replace(
    /#\/components\/schemas\/(\w+)/g,
    (_all, name: string) => `<a href="#schema-${name}">${name}</a>`,
  )}</pre>`;

/** As it is pasted into a shell. */
function commandFor({ method, path, base }: Place, example: object | undefined): string {
  const verb = method === 'get' ? '' : ` -X ${method.toUpperCase()}`;
  const body =
    example === undefined
      ? ''
      : ` \\\n  -H 'Content-Type: application/json' -d '${JSON.stringify(example).replaceAll("'", "'\\''")}'`;
  return `curl -s${verb} '${base}${path}' -H "x-api-key: $AGENT_HOST_API_KEY"${body}`;
}
