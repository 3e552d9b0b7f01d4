'use client';

import 'swagger-ui-dist/swagger-ui.css';
import './swagger-ui.css';
import { useEffect, useRef } from 'react';
import type { SwaggerRequest } from 'swagger-ui-dist';
import { readTheme, subscribeToTheme } from '../theme';
import { keepAccessible } from './keep-accessible';

/** Sooner than a token expires, in milliseconds. */
const TOKEN_LIFE = 10 * 60 * 1000;

/** The OpenAPI document as a page. A signed-in user can try each operation on their own tasks. */
export function Reference() {
  const place = useRef<HTMLDivElement>(null);
  useEffect(followTheme, []);
  useEffect(() => {
    // No effect runs on the server; stated here, it keeps Swagger UI out of the server's bundle.
    if (typeof window === 'undefined') return;
    const domNode = place.current;
    if (!domNode) return;
    let isUnmounted = false;
    const load = async () => {
      const [{ default: SwaggerUI }, spec, session] = await Promise.all([
        import('swagger-ui-dist/swagger-ui-es-bundle.js'),
        get('/api/openapi.json'),
        get('/api/auth/get-session'),
      ]);
      if (isUnmounted) return;
      const withToken = session ? authorizer() : undefined;
      SwaggerUI({
        domNode,
        spec: { ...fillIn(spec, session?.user.id), servers: [{ url: '/' }] },
        deepLinking: true,
        validatorUrl: null,
        // Of the themes, one whose every colour is readable.
        syntaxHighlight: { theme: 'arta' },
        ...(withToken && { requestInterceptor: withToken }),
      });
    };
    const stop = keepAccessible(domNode);
    load().catch(() => {
      domNode.textContent = 'Couldn’t load the API reference. The OpenAPI document is at /api/openapi.json.';
    });
    return () => {
      isUnmounted = true;
      stop();
      domNode.replaceChildren();
    };
  }, []);
  return (
    <div className="mx-auto w-full max-w-4xl pb-16">
      <div ref={place} />
    </div>
  );
}

/** Swagger UI has a dark theme, which a class enables. */
function followTheme() {
  const isSystemDark = window.matchMedia('(prefers-color-scheme: dark)');
  const { classList } = document.documentElement;
  const apply = () => {
    const theme = readTheme();
    classList.toggle('dark-mode', theme === 'dark' || (theme === 'system' && isSystemDark.matches));
  };
  apply();
  const unsubscribe = subscribeToTheme(apply);
  isSystemDark.addEventListener('change', apply);
  return () => {
    unsubscribe();
    isSystemDark.removeEventListener('change', apply);
    classList.remove('dark-mode');
  };
}

async function get(path: string) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} returned ${response.status}`);
  return response.json();
}

/** The paths of a user's own resources; the others need no token. */
const OWN_RESOURCE = /^\/api\/(?!auth\/|health\/)[^/]+\//;

/** Adds an access token of the session to requests for the user's resources, as any client would. */
function authorizer() {
  let current = { token: '', at: Number.NEGATIVE_INFINITY };
  return async (request: SwaggerRequest) => {
    const { pathname } = new URL(request.url, window.location.href);
    if (!OWN_RESOURCE.test(pathname) || request.headers.Authorization) return request;
    if (performance.now() - current.at > TOKEN_LIFE) {
      const { token } = await get('/api/auth/token');
      current = { token, at: performance.now() };
    }
    request.headers.Authorization = `Bearer ${current.token}`;
    return request;
  };
}

interface Document {
  readonly paths: Record<string, Record<string, { parameters: { name: string; example?: string }[] }>>;
}

/** The document with the user's own id where a path requires one. */
function fillIn(document: Document, userId: string | undefined): Document {
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  for (const parameter of operations.flatMap(({ parameters }) => parameters)) {
    if (userId && parameter.name === 'user_id') parameter.example = userId;
  }
  return document;
}
