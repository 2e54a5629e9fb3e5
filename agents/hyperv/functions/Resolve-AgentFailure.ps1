function Resolve-AgentFailure {
    <#
    .SYNOPSIS
    Code, message and data of an error: our own as thrown, Hyper-V's and Windows' by the table, DRIVER_FAILED for a fault of ours.
    #>
    [CmdletBinding()]
    [OutputType([System.Collections.Specialized.OrderedDictionary])]
    param([Parameter(Mandatory = $true)] [System.Management.Automation.ErrorRecord] $ErrorRecord)
    $table = Get-AgentErrorTable
    $message = [string]$ErrorRecord.Exception.Message
    if ($message -eq '') { $message = 'No reason was given.' }
    $code = $null
    $data = $null
    $exception = $ErrorRecord.Exception
    while ($null -ne $exception -and $null -eq $code) {
        if ($exception.Data.Contains('FarhandCode')) {
            $code = [string]$exception.Data['FarhandCode']
            $message = [string]$exception.Message
            $pointers = @(([string]$exception.Data['FarhandPointers']).Split([char]10) | Where-Object { $_ -ne '' })
            if ($pointers.Count -gt 0) { $data = [ordered]@{ errors = @($pointers | ForEach-Object { [ordered]@{ pointer = $_; message = $message } }) } }
        }
        $exception = $exception.InnerException
    }
    $parts = ([string]$ErrorRecord.FullyQualifiedErrorId).Split(',')
    $isHypervisor = ([string]$ErrorRecord.FullyQualifiedErrorId) -match 'Microsoft\.(HyperV|Vhd)\.'
    # "Failed" and "unspecified" say less than the number within.
    $vague = @('HYPERVISOR_FAILED')
    if ($null -eq $code -and ($isHypervisor -or $parts[0] -ceq 'CommandNotFoundException')) { $code = $table.Identifiers[$parts[0]] }
    # What the commands on virtual disks do not find, or find there already, is a disk.
    $ofDisks = @{ VM_NOT_FOUND = 'DISK_NOT_FOUND'; VM_EXISTS = 'DISK_EXISTS'; VM_BUSY = 'DISK_IN_USE' }
    if ($null -ne $code -and $parts[-1].StartsWith('Microsoft.Vhd.') -and $ofDisks.ContainsKey($code)) { $code = $ofDisks[$code] }
    # A machine is missing where machines are looked for; elsewhere it is a device or a file, and no machine may pass for deleted.
    if ($isHypervisor -and $code -ceq 'VM_NOT_FOUND' -and $parts[0] -ceq 'ObjectNotFound' -and $parts[-1] -cnotmatch '\.GetVM(Command)?\z') { $code = 'HYPERVISOR_FAILED' }
    if ($null -eq $code -or $vague -ccontains $code) {
        # CIM says its number in the identifier: "HRESULT 0x80041003,...".
        $number = [regex]::Match($parts[0], '\AHRESULT 0x([0-9a-fA-F]{8})\z')
        if ($number.Success) {
            $known = $table.Results[[System.Convert]::ToInt32($number.Groups[1].Value, 16)]
            if ($null -ne $known) { $code = $known } else { $code = 'HYPERVISOR_FAILED' }
        }
        $exception = $ErrorRecord.Exception
        while ($null -ne $exception) {
            $known = $table.Results[[int]$exception.HResult]
            if ($null -ne $known -and -not $exception.Data.Contains('FarhandCode')) { $code = $known; break }
            $exception = $exception.InnerException
        }
    }
    if ($null -eq $code) { if ($isHypervisor) { $code = 'HYPERVISOR_FAILED' } else { $code = 'DRIVER_FAILED' } }
    [ordered]@{ code = $code; message = (Limit-AgentText -Text $message); data = $data }
}
