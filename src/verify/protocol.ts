import type {MethodDefinition} from '@grpc/grpc-js';
import {fromJSON} from '@grpc/proto-loader';
import descriptor from './verify-proto.json' with {type: 'json'};

/** Largest request that is looked at, bytes. */
export const MESSAGE_LIMIT = 256 * 1024;
/** The same for calls that show no token before their message, bytes; reports have some 10 KiB. */
export const UNPROVEN_MESSAGE_LIMIT = 64 * 1024;

/** Who calls, as the proto says it. */
export interface CallerIdentity {
  readonly run: string;
  readonly token: string;
  readonly server: string;
  readonly agent_version: string;
}

/** `imgmgr.verify.v1.HelloRequest`. */
export interface HelloRequest {
  readonly identity: CallerIdentity | null;
}

/** `imgmgr.verify.v1.ReportRequest`; outcomes are numbers of the enum, known or not. */
export interface ReportRequest {
  readonly identity: CallerIdentity | null;
  readonly checks: readonly {
    readonly id: string;
    readonly outcome: number;
    readonly detail: string;
    readonly millis: number;
  }[];
  readonly facts: Readonly<Record<string, string>>;
  readonly waited_ms: number;
  readonly checked_ms: number;
}

type Method = MethodDefinition<object, object>;

// The descriptor's type in proto-loader knows neither namespaces in namespaces nor what a service holds.
const PACKAGE = fromJSON(descriptor as object, {keepCase: true, longs: Number, defaults: true});
const WIRE = PACKAGE['imgmgr.verify.v1.Verification'] as unknown as {readonly Hello: Method; readonly Report: Method};

/**
 * The service as grpc-js takes it, with requests left as bytes: grpc-js answers INTERNAL to what cannot be decoded and reports it to nobody.
 */
export const RAW_SERVICE = {Hello: raw(WIRE.Hello), Report: raw(WIRE.Report)};

/** Decodes; throws whatever the decoder throws. */
export function decodeHello(bytes: Buffer): HelloRequest {
  return WIRE.Hello.requestDeserialize(bytes) as HelloRequest;
}

/** Decodes; throws whatever the decoder throws. */
export function decodeReport(bytes: Buffer): ReportRequest {
  return WIRE.Report.requestDeserialize(bytes) as ReportRequest;
}

function raw(method: Method): MethodDefinition<Buffer, object> {
  return {...method, requestSerialize: (bytes) => bytes, requestDeserialize: (bytes) => bytes};
}
