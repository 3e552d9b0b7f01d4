-- Answers that were kept before have another shape.
TRUNCATE TABLE "idempotency_keys";--> statement-breakpoint
ALTER TABLE "idempotency_keys" ALTER COLUMN "answer" SET DATA TYPE json;