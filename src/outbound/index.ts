export {
  Outbound,
  OutboundError,
  type OutboundAnswer,
  type OutboundErrorCode,
  type OutboundParts,
  type OutboundRequest,
} from './outbound.ts'
