'use client';

import 'swagger-ui-dist/swagger-ui.css';
import { useEffect, useRef } from 'react';
import type { SwaggerRequest } from 'swagger-ui-dist';

/** Sooner than a token expires, in milliseconds. */
const TOKEN_LIFE = 10 * 60 * 1000;

/** The OpenAPI document as a page. Who is signed in can try each operation on their own tasks. */
export function Reference() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(followColorScheme, []);
  useEffect(() => {
    // No effect runs on the server, and said so, Swagger UI stays out of its bundle.
    if (typeof window === 'undefined') return;
    const domNode = place.current;
    if (!domNode) return;
    let isGone = false;
    const load = async () => {
      const [{ default: SwaggerUI }, spec, session] = await Promise.all([
        import('swagger-ui-dist/swagger-ui-es-bundle.js'),
        get('/api/openapi.json'),
        get('/api/auth/get-session'),
      ]);
      if (isGone) return;
      const withToken = session ? authorizer() : undefined;
      SwaggerUI({
        domNode,
        spec: { ...fillIn(spec, session?.user.id), servers: [{ url: '/' }] },
        deepLinking: true,
        validatorUrl: null,
        ...(withToken && { requestInterceptor: withToken }),
      });
    };
    load().catch(() => {
      domNode.textContent = 'The reference cannot be loaded just now. The document itself is at /api/openapi.json.';
    });
    return () => {
      isGone = true;
      domNode.replaceChildren();
    };
  }, []);
  return <div ref={place} />;
}

/** Swagger UI has a dark dress, which it puts on when told by a class. */
function followColorScheme() {
  const isDark = window.matchMedia('(prefers-color-scheme: dark)');
  const { classList } = document.documentElement;
  const dress = () => classList.toggle('dark-mode', isDark.matches);
  dress();
  isDark.addEventListener('change', dress);
  return () => {
    isDark.removeEventListener('change', dress);
    classList.remove('dark-mode');
  };
}

async function get(path: string) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
  return answer.json();
}

/** Adds an access token of the session to requests of the task API, as anyone's own client would. */
function authorizer() {
  let taken = { token: '', at: Number.NEGATIVE_INFINITY };
  return async (request: SwaggerRequest) => {
    const isTasks = /\/api\/[^/]+\/tasks/.test(new URL(request.url, window.location.href).pathname);
    if (!isTasks || request.headers.Authorization) return request;
    if (performance.now() - taken.at > TOKEN_LIFE) {
      const { token } = await get('/api/auth/token');
      taken = { token, at: performance.now() };
    }
    request.headers.Authorization = `Bearer ${taken.token}`;
    return request;
  };
}

interface Document {
  readonly paths: Record<string, Record<string, { parameters: { name: string; example?: string }[] }>>;
}

/** The document with the person's own id where a path asks for it. */
function fillIn(document: Document, userId: string | undefined): Document {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  for (const parameter of operations.flatMap(({ parameters }) => parameters)) {
    if (userId && parameter.name === 'user_id') parameter.example = userId;
  }
  return document;
}
