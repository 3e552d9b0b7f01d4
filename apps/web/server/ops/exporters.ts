import { metrics } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

/**
 * Exports spans and metrics by OTLP over HTTP, as JSON, with the endpoint, sampler and resource of the `OTEL_…` variables,
 * and continues the trace of a request with `traceparent` (W3C Trace Context).
 *
 * @returns a function that exports what is left and stops.
 * @see https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function startExporters(options: { readonly metricExportIntervalMs: number }): () => Promise<void> {
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'taskward' }))
    .merge(detectResources({ detectors: [envDetector] }));
  const tracing = new NodeTracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: options.metricExportIntervalMs,
  });
  const metering = new MeterProvider({ resource, readers: [reader] });
  tracing.register();
  metrics.setGlobalMeterProvider(metering);
  return async () => {
    await Promise.all([tracing.shutdown(), metering.shutdown()]);
  };
}
