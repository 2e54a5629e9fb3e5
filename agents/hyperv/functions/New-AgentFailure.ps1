function New-AgentFailure {
    <#
    .SYNOPSIS
    An error to throw, with a code of the contract, and where it is one field's fault a pointer into the specification.
    #>
    [CmdletBinding()]
    [OutputType([System.Management.Automation.ErrorRecord])]
    param(
        [Parameter(Mandatory = $true)] [string] $Code,
        [Parameter(Mandatory = $true)] [string] $Message,
        [string[]] $Pointer = @()
    )
    $exception = [System.InvalidOperationException]::new($Message)
    $exception.Data['FarhandCode'] = $Code
    $exception.Data['FarhandPointers'] = $Pointer -join "`n"
    [System.Management.Automation.ErrorRecord]::new($exception, "Farhand.$Code", ([System.Management.Automation.ErrorCategory]::InvalidOperation), $null)
}
