# Errors as the Hyper-V module reports them: FullyQualifiedErrorId is "<identifier>,<class of the cmdlet>", the category is
# Windows' own; the message is German on purpose, because it is localised and nobody may read it.

$script:FakeCategory = @{
    InvalidParameter = 'InvalidArgument'
    InvalidState = 'InvalidOperation'
    NotSupported = 'InvalidOperation'
    ObjectNotFound = 'ObjectNotFound'
    AccessDenied = 'PermissionDenied'
    OutOfMemory = 'FromStdErr'
    OperationFailed = 'NotSpecified'
    Unspecified = 'NotSpecified'
    OperationTimeout = 'OperationTimeout'
}

# Ends the work of a cmdlet with the error.
function Deny-FakeWork {
    param([string]$Id, [string]$Message, [object]$Target = $null)
    $exception = [System.Activator]::CreateInstance(('Microsoft.HyperV.PowerShell.VirtualizationException' -as [type]), @($Message))
    $exception.ErrorIdentifier = $Id
    $category = 'NotSpecified'
    if ($script:FakeCategory.ContainsKey($Id)) { $category = $script:FakeCategory[$Id] }
    $exception.ErrorCategory = $category
    $exception.Target = $Target
    throw $exception
}

# Microsoft.HyperV.PowerShell.Commands.StopVM for Stop-VM; the commands on virtual disks are in another assembly.
function Get-FakeClassName {
    param([string]$Command)
    $verb, $noun = $Command.Split('-')
    if ($noun -eq 'VHD') { return "Microsoft.Vhd.PowerShell.Cmdlets.${verb}Vhd" }
    return "Microsoft.HyperV.PowerShell.Commands.$verb$noun"
}

# A function's errors get the function's name where a cmdlet's get its class: the record is told the published text.
function ConvertTo-FakeErrorRecord {
    param([System.Exception]$Exception, [string]$Command)
    $record = [System.Management.Automation.ErrorRecord]::new($Exception, $Exception.ErrorIdentifier, $Exception.ErrorCategory, $Exception.Target)
    $field = [System.Management.Automation.ErrorRecord].GetField('_serializedFullyQualifiedErrorId', [System.Reflection.BindingFlags]'NonPublic, Instance')
    if ($null -ne $field) { $field.SetValue($record, "$($Exception.ErrorIdentifier),$(Get-FakeClassName -Command $Command)") }
    return $record
}

# As a cmdlet would: with the caller's preference, not this module's.
function Write-FakeError {
    param($Cmdlet, [System.Exception]$Exception)
    $record = ConvertTo-FakeErrorRecord -Exception $Exception -Command $Cmdlet.MyInvocation.MyCommand.Name
    $ErrorActionPreference = $Cmdlet.SessionState.PSVariable.GetValue('ErrorActionPreference')
    if ($Cmdlet.MyInvocation.BoundParameters.ContainsKey('ErrorAction')) { $ErrorActionPreference = $Cmdlet.MyInvocation.BoundParameters['ErrorAction'] }
    $Cmdlet.WriteError($record)
}

# A failure that a test asked for: the first that names the cmdlet (or *) and is due.
function Invoke-FakeFault {
    param([psobject]$World, [string]$Command)
    foreach ($fault in @($World.faults)) {
        if ($Command -notlike $fault.cmdlet) { continue }
        $null = Add-FakeDefault -Target $fault -Default @{ id = 'OperationFailed'; message = 'Fehler auf Wunsch des Tests.'; skip = 0; times = 1; warning = '' }
        if ($fault.skip -gt 0) { $fault.skip--; continue }
        if ($fault.times -le 0) { continue }
        $fault.times--
        if ($fault.warning -ne '') { Write-Warning $fault.warning; return }
        Deny-FakeWork -Id $fault.id -Message $fault.message
    }
}
